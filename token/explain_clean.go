package token

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
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
		{"carets of a Windows shell taken off", uncareted},
		{"markup of a tracker taken off", replacer("{code}", " ", "{noformat}", " ", "{quote}", " ")},
		{"the label of a link in a chat or tracker taken off", unlabelled},
		{"quotes or brackets around it taken off", unwrapped},
		{"punctuation at its end taken off", unpunctuated},
		{"&amp; read as &", replacer("&amp;", "&", "&AMP;", "&", "&#38;", "&", "&#038;", "&", "&#x26;", "&", "&#X26;", "&")},
		{"\\u0026 and \\/ of JSON read as & and /", replacer(`\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\u003f`, "?", `\u003F`, "?", `\/`, "/")},
		{"backslashes of a shell taken off", replacer(`\&`, "&", `\?`, "?", `\=`, "=")},
		{"a disarmed scheme or dot restored", rearmed},
		{"percent-encoding of the whole URL undone", decoded},
		{"the redirect of a mail program or search engine taken off", direct},
		{userOff, anonymous},
		{"text around it taken off", alone},
	}
}

const userOff = "user name and password before the host taken off"

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
	rest, relative := strings.CutPrefix(url, "//")
	if bare := withoutUser(rest); isBareHost(bare) && (!relative || isDomain(bare)) {
		if bare != rest {
			cleaned = append(cleaned, userOff)
		}
		url, cleaned = "https://"+bare, append(cleaned, "https:// put before the host")
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

// direct takes the link out of one that a mail program, a chat or a search engine put in its place: by their
// names, and where a link without a token has one with a token among its parameters.
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
	case u.Host == "urldefense.com" || u.Host == "urldefense.proofpoint.com":
		return undefended(s, u)
	}
	if link := u.Query().Get(name); strings.HasPrefix(link, "http") {
		return link
	}
	if worth := newWorth(); worth.of(s) < partly {
		for _, name := range slices.Sorted(maps.Keys(u.Query())) {
			if link := u.Query().Get(name); schemeAt(link) == 0 && worth.of(link) > partly {
				return link
			}
		}
	}
	return s
}

// undefended undoes the three forms of Proofpoint's URL Defense. The third has the link between __ and __;, with a
// * for each character that it has in base64 behind that, or ** and a letter for two of them and more.
func undefended(s string, u *url.URL) string {
	link := u.Query().Get("u")
	if strings.HasPrefix(u.Path, "/v2/") {
		link, _ = url.PathUnescape(strings.NewReplacer("-", "%", "_", "/").Replace(link))
	}
	if _, rest, ok := strings.Cut(s, "/v3/__"); ok {
		if text, taken, ok := strings.Cut(rest, "__;"); ok {
			taken, _, _ = strings.Cut(taken, "!")
			link = restored(text, taken)
		}
	}
	if schemeAt(link) != 0 {
		return s
	}
	return link
}

func restored(text, taken string) string {
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(taken, "="))
	from := []rune(string(raw))
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '*' {
			out.WriteByte(text[i])
			continue
		}
		n := 1
		if i+2 < len(text) && text[i+1] == '*' {
			n, i = 2+int(base64url(text[i+2])), i+2
		}
		n = min(n, len(from))
		out.WriteString(string(from[:n]))
		from = from[n:]
	}
	if scheme, path, ok := strings.Cut(out.String(), ":/"); ok && !strings.HasPrefix(path, "/") {
		return scheme + "://" + path
	}
	return out.String()
}

// uncareted undoes what browsers put into commands for cmd.exe, in which no ^ stands by itself.
func uncareted(s string) string {
	if !strings.Contains(s, "^&") && !strings.Contains(s, `^"`) {
		return s
	}
	return strings.ReplaceAll(s, "^", "")
}

// unlabelled takes the text off <URL|text> and [URL|text|smart-link].
func unlabelled(s string) string {
	for _, w := range [...][2]string{{"<", ">"}, {"[", "]"}} {
		i := strings.Index(s, w[0]+"http")
		if i < 0 {
			continue
		}
		inside, _, closed := strings.Cut(s[i+1:], w[1])
		if link, _, ok := strings.Cut(inside, "|"); ok && closed {
			s = s[:i+1] + link + s[i+1+len(inside):]
		}
	}
	return s
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

// goesOn reports whether a line may be the rest of a URL that was broken: it is a word, or
// begins with what reads like a part of one, and is no URL of its own.
func goesOn(line string) bool {
	first, _, several := strings.Cut(line, " ")
	return schemeAt(first) < 0 && !strings.HasPrefix(first, "[") && (!several || strings.ContainsAny(first, "&=%/?"))
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

func unpunctuated(s string) string { return strings.TrimRight(s, ".,;:!|…") }

// rearmed undoes hxxps:// and [.], which make links harmless in security tickets.
func rearmed(s string) string {
	for _, scheme := range [...]string{"hxxp", "hXXp"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			s = "http" + rest
		}
	}
	return replacer("[.]", ".", "[:]", ":", "[://]", "://")(s)
}

// anonymous takes off what a browser keeps for itself (https://user:password@host/): nginx answers 400 to a target with
// it.
func anonymous(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return s
	}
	return s[:len(scheme)+3] + withoutUser(rest)
}

// withoutUser takes off what stands before the @ of a URL without its scheme.
func withoutUser(s string) string {
	authority := s
	if end := strings.IndexAny(s, "/?#"); end >= 0 {
		authority = s[:end]
	}
	return s[strings.LastIndexByte(authority, '@')+1:]
}

// isBareHost reports whether a URL begins with a host name, and perhaps a port, in place of a scheme or path.
func isBareHost(s string) bool {
	first, _, slash := strings.Cut(s, "/")
	if host, port, ok := strings.Cut(first, ":"); ok && port != "" && strings.Trim(port, "0123456789") == "" {
		first = host
	}
	return slash && strings.Contains(first, ".") && !strings.ContainsAny(first, ":?#& ") && first[0] != '.'
}

// isDomain reports whether what a URL without a scheme begins with ends like a name of the DNS, not of a file.
func isDomain(s string) bool {
	host, _, _ := strings.Cut(s, "/")
	top := host[strings.LastIndexByte(host, '.')+1:]
	return len(top) > 1 && !strings.ContainsFunc(top, func(r rune) bool { return !isLetter(byte(r)) || r > unicode.MaxASCII })
}
