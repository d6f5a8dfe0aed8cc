package token

import "strings"

// cleaning is one thing that mail, chat, shells and HTML do to a URL, and its reverse. None undoes another,
// so that repeating them comes to an end.
type cleaning struct {
	says  string
	clean func(string) string
}

func cleanings() []cleaning {
	return []cleaning{
		{"line breaks and blanks taken out", unbroken},
		{"the method and protocol of a request line taken off", bareTarget},
		{"quotes or brackets around it taken off", unwrapped},
		{"punctuation at its end taken off", unpunctuated},
		{"&amp; read as &", replacer("&amp;", "&", "&AMP;", "&", "&#38;", "&", "&#038;", "&", "&#x26;", "&", "&#X26;", "&")},
		{"\\u0026 and \\/ of JSON read as & and /", replacer(`\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\u003f`, "?", `\u003F`, "?", `\/`, "/")},
		{"backslashes of a shell taken off", replacer(`\&`, "&", `\?`, "?", `\=`, "=")},
		{"a disarmed scheme or dot restored", rearmed},
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
		joined.WriteString(strings.TrimSpace(strings.TrimLeft(line, "> \t")))
	}
	return joined.String()
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
