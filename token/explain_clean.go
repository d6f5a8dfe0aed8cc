package token

import (
	"net/url"
	"strings"
)

// cleaning is one thing that mail, chat, shells and HTML do to a URL, and its reverse. None undoes another,
// so that repeating them comes to an end.
type cleaning struct {
	says  string
	clean func(string) string
}

func cleanings() []cleaning {
	return []cleaning{
		{"quoted-printable of a mail undone", unquoted},
		{"line breaks and blanks taken out", unbroken},
		{"the method and protocol of a request line taken off", bareTarget},
		{"quotes or brackets around it taken off", unwrapped},
		{"punctuation at its end taken off", unpunctuated},
		{"&amp; read as &", replacer("&amp;", "&", "&AMP;", "&", "&#38;", "&", "&#038;", "&", "&#x26;", "&", "&#X26;", "&")},
		{"\\u0026 and \\/ of JSON read as & and /", replacer(`\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\u003f`, "?", `\u003F`, "?", `\/`, "/")},
		{"backslashes of a shell taken off", replacer(`\&`, "&", `\?`, "?", `\=`, "=")},
		{"a disarmed scheme or dot restored", rearmed},
		{"percent-encoding of the whole URL undone", decoded},
		{"the redirect of a mail program or search engine taken off", direct},
		{"text around it taken off", alone},
	}
}

// CleanURL takes off a URL what stands around and between it when it is pasted from a ticket, a mail, a
// chat, HTML, JSON, a shell or a request line, and says what it took, a phrase each, nil for a URL that
// was clean. A host without a scheme gets https:// before it. What it returns is clean: cleaning it again
// changes nothing. It changes no text that a URL with a token can have by itself.
func CleanURL(pasted string) (url string, cleaned []string) {
	url = pasted
	steps := cleanings()
	said := make([]bool, len(steps))
	for again := true; again; {
		again = false
		for i, step := range steps {
			if again && i == len(steps)-1 { // what the others take off is no text
				continue
			}
			if after := step.clean(url); after != url {
				url, said[i], again = after, true, true
			}
		}
	}
	for i, step := range steps {
		if said[i] {
			cleaned = append(cleaned, step.says)
		}
	}
	if isBareHost(url) {
		url, cleaned = "https://"+url, append(cleaned, "https:// put before the host")
	}
	return url, cleaned
}

// unquoted undoes quoted-printable (RFC 2045, 6.7), in which no = stands by itself.
func unquoted(s string) string {
	soft := strings.Count(s, "=\n") + strings.Count(s, "=\r\n")
	if n := strings.Count(s, "=3D"); n < 2 || strings.Count(s, "=") != n+soft {
		return s
	}
	return replacer("=\r\n", "", "=\n", "", "=3D", "=")(s)
}

// decoded undoes the encoding of a URL whose scheme is encoded, too.
func decoded(s string) string {
	if !beginsWith(s, "http%3a%2f%2f") && !beginsWith(s, "https%3a%2f%2f") {
		return s
	}
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// direct takes the link out of one that a mail program or a search engine put in its place.
func direct(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	name := ""
	switch {
	case strings.HasSuffix(u.Host, ".safelinks.protection.outlook.com"):
		name = "url"
	case strings.HasPrefix(u.Host, "www.google.") && u.Path == "/url":
		name = "q"
		if u.Query().Has("url") {
			name = "url"
		}
	}
	if link := u.Query().Get(name); strings.HasPrefix(link, "http") {
		return link
	}
	return s
}

// alone takes the first link out of the text around it. A blank may stand in a path that was
// pasted, but in no query.
func alone(s string) string {
	from := linkStart(s)
	s = s[from:]
	query := strings.IndexByte(s, '?')
	ends := " \t\"<>"
	if query < 0 && from == 0 {
		ends = "\"<>"
	}
	query = max(query, 0)
	for _, end := range []int{strings.IndexAny(s[query:], ends), strings.Index(s[query:], "](")} {
		if end > 0 {
			s = s[:min(query+end, len(s))]
		}
	}
	return s
}

// linkStart is where the first link with a query begins in a text, else the first link; 0 where
// there is no text around it.
func linkStart(s string) int {
	if strings.HasPrefix(s, "/") {
		return 0
	}
	first, at := -1, 0
	for word := range strings.FieldsSeq(s) {
		at += strings.Index(s[at:], word)
		from := schemeAt(word)
		if from < 0 {
			continue
		}
		if strings.Contains(word, "?") {
			return at + from
		}
		if first < 0 {
			first = at + from
		}
	}
	if first >= 0 {
		return first
	}
	for word := range strings.FieldsSeq(s) {
		if strings.Contains(word, "/") && strings.Contains(word, "?") {
			return strings.Index(s, word)
		}
	}
	return 0
}

// schemeAt is where a link with a scheme begins in a word, and not in a query; -1 where none does.
func schemeAt(word string) int {
	for i := range len(word) {
		for _, scheme := range [...]string{"http://", "https://", "http%3a%2f%2f", "https%3a%2f%2f"} {
			if beginsWith(word[i:], scheme) {
				return i
			}
		}
		if word[i] == '/' || word[i] == '?' {
			break
		}
	}
	return -1
}

// beginsWith is strings.HasPrefix in either case.
func beginsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func replacer(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

// unbroken takes out what no URL holds: line breaks with the blanks around them, blanks at the ends,
// quote marks of mail at the beginning of lines, and characters of no width.
func unbroken(s string) string {
	s = replacer("\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "", "\u00a0", " ", "\r", "\n")(s)
	if !strings.Contains(s, "\n") {
		return strings.TrimSpace(s)
	}
	var joined strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(strings.TrimLeft(line, "> \t")); !goesOn(line) {
			joined.WriteString(" ")
		}
		joined.WriteString(line)
	}
	return strings.TrimSpace(joined.String())
}

// goesOn tells whether a line may be the rest of a URL that was broken: it is a word, or
// begins with what reads like a part of one, and is no URL of its own.
func goesOn(line string) bool {
	first, _, several := strings.Cut(line, " ")
	return schemeAt(first) < 0 && (!several || strings.ContainsAny(first, "&=%/?"))
}

// bareTarget takes "GET " and " HTTP/1.1" off.
func bareTarget(s string) string {
	for _, method := range [...]string{"GET ", "HEAD "} {
		s = strings.TrimPrefix(s, method)
	}
	if i := strings.LastIndex(s, " HTTP/"); i > 0 {
		s = s[:i]
	}
	return s
}

// unwrapped takes pairs off both ends, a closing bracket only where none is open.
func unwrapped(s string) string {
	for _, w := range [...][2]string{{`"`, `"`}, {"'", "'"}, {"`", "`"}, {"<", ">"}, {"(", ")"}, {"[", "]"}, {"{", "}"}, {"*", "*"},
		{"“", "”"}, {"„", "“"}, {"‘", "’"}, {"«", "»"}, {"&lt;", "&gt;"}, {"&quot;", "&quot;"}} {
		s = strings.TrimPrefix(s, w[0])
		if w[0] == w[1] || strings.Count(s, w[0]) < strings.Count(s, w[1]) {
			s = strings.TrimSuffix(s, w[1])
		}
	}
	for _, lead := range [...]string{"URL:", "url:"} {
		s = strings.TrimPrefix(s, lead)
	}
	return s
}

func unpunctuated(s string) string { return strings.TrimRight(s, ".,;:!|") }

// rearmed undoes hxxps:// and [.], which make links harmless in security tickets.
func rearmed(s string) string {
	for _, scheme := range [...]string{"hxxp", "hXXp"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			s = "http" + rest
		}
	}
	return replacer("[.]", ".", "[:]", ":", "[://]", "://")(s)
}

// isBareHost reports whether a URL begins with a host name in place of a scheme or path.
func isBareHost(s string) bool {
	first, _, slash := strings.Cut(s, "/")
	return slash && strings.Contains(first, ".") && !strings.ContainsAny(first, ":?#& ") && first[0] != '.'
}
