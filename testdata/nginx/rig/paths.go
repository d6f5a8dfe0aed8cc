package rig

// pathRows are spellings of paths and what nginx hashes of them.
func pathRows() (cases []Case) {
	for _, c := range []struct{ sent, hashed string }{
		{"/s/a%20b.txt", "/s/a b.txt"},
		{"/s/%D1%84%D0%BE.jpg", "/s/фо.jpg"},
		{"/s/%d1%84%d0%be.jpg", "/s/фо.jpg"},
		{"/s/фо.jpg", "/s/фо.jpg"},
		{"/s/x%2Fy", "/s/x/y"},
		{"/s/a%2Bb", "/s/a+b"},
		{"/s/a+b", "/s/a+b"},
		{"/s/a%2520b", "/s/a%20b"},
		{"/s/a%3Fb", "/s/a?b"},
		{"/s/a%23b", "/s/a#b"},
		{"/s/a%FFb", "/s/a\xffb"},
		{"/s/a\xffb", "/s/a\xffb"},
		{"/s/a%0Ab", "/s/a\nb"},
		{"/s/a%09b", "/s/a\tb"},
		{"/s/a%7Fb", "/s/a\x7fb"},
		{"/s/a%22b%5Cc", "/s/a\"b\\c"},
		{"/s/a\"b\\c", "/s/a\"b\\c"},
		{"//s//a", "/s/a"},
		{"///s/a", "/s/a"},
		{"/s/a//", "/s/a/"},
		{"/s%2F%2Fa", "/s/a"},
		{"/x/../s/./a", "/s/a"},
		{"/x/%2e%2e/s/a", "/s/a"},
		{"/x/%2E./s/a", "/s/a"},
		{"/s/%2e/a", "/s/a"},
		{"/x%2F..%2Fs/a", "/s/a"},
		{"/s/a/.", "/s/a/"},
		{"/s/a/..", "/s/"},
		{"/s/a/b/../", "/s/a/"},
		{"/s/...", "/s/..."},
		{"/s/.a", "/s/.a"},
		{"/s/..a", "/s/..a"},
		{"/s/a.", "/s/a."},
		{"/s/a..", "/s/a.."},
		{"/", "/"},
		{"/s/a;v=1", "/s/a;v=1"},
		{"/s/a%3Bv", "/s/a;v"},
		{"/s/A", "/s/A"},
		{"/s/a&b=c", "/s/a&b=c"},
		{"/s/a:b@c!$'()*,=~", "/s/a:b@c!$'()*,=~"},
		{"http://file.test/s/a", "/s/a"},
		{"HTTP://file.test/s/%61", "/s/a"},
		{"http://file.test:80//s/a", "/s/a"},
	} {
		cases = append(cases, row("path "+c.sent, c.sent, c.hashed, far, 200))
		if c.sent != c.hashed {
			cases = append(cases, row("path "+c.sent+", hash over the sent text", c.sent, c.sent, far, 403))
		}
	}
	cases = append(cases, row("case of the path", "/s/A", "/s/a", far, 403))
	for _, bad := range []string{"/%zz", "/s/%4", "/s/%", "/..", "/s/../../a", "/%2e%2e/a", "/s/a%00b", "/s/a\x01b"} {
		cases = append(cases, row("path "+bad, bad, bad, far, 400))
	}
	return cases
}
