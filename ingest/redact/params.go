package redact

import "strings"

// lostQuery is where the parameters of a path whose question mark was encoded,
// however often, or forgotten begin: at "%3F", or at an "&" before a name and
// "=". It is len(path) where there are none.
func lostQuery(path string) int {
	for i := 0; i < len(path); i++ {
		if path[i] != '&' && path[i] != '%' {
			continue
		}
		c, n := letter(path[i:])
		if c == '?' || c == '&' && named(path[i+n:]) {
			return i
		}
	}
	return len(path)
}

// separator is the length of the separator that text begins with, an encoded one or
// not, 0 for none.
func separator(text string) int {
	switch c, n := letter(text); c {
	case '&', ';':
		return n
	case '?':
		if n > 1 {
			return n
		}
	}
	return 0
}

// named reports whether text begins with a parameter's name and its "=".
func named(text string) bool {
	n := nameLen(text)
	return n > 0 && equals(text[n:]) > 0
}

// nameLen is the length of the name that text begins with, the brackets of a list
// with it.
func nameLen(text string) int {
	n := 0
	for n < len(text) && (TokenByte(text[n]) || text[n] == '.') {
		n++
	}
	for n > 0 && n < len(text) {
		c, size := letter(text[n:])
		if c != '[' && c != ']' {
			break
		}
		for n += size; n < len(text) && TokenByte(text[n]); n++ {
		}
	}
	return n
}

func equals(text string) int {
	if text == "" {
		return 0
	}
	if c, n := letter(text); c == '=' {
		return n
	}
	return 0
}

// cutParams cuts the values of the parameters that stand in a path, behind a
// lost question mark or as ";name=value" of a segment (RFC 3986, 3.3). Tokens
// are left for cutNamed, and a number is left to the expiry.
func cutParams(path string) string {
	if !strings.ContainsAny(path, ";&%") {
		return path
	}
	var out strings.Builder
	query := lostQuery(path)
	for i := 0; i < len(path); {
		n := separator(path[i:])
		if n == 0 || i < query && !named(path[i+n:]) {
			out.WriteByte(path[i])
			i++
			continue
		}
		end := i + n
		for end < len(path) && separator(path[end:]) == 0 && (path[end] != '/' || i >= query) {
			end++
		}
		out.WriteString(path[i : i+n])
		out.WriteString(cutParam(path[i+n : end]))
		i = end
	}
	return out.String()
}

func cutParam(param string) string {
	n := nameLen(param)
	eq := equals(param[n:])
	if eq == 0 {
		return cutRest(param)
	}
	value := param[n+eq:]
	switch name := lowerASCII(param[:n]); {
	case namesToken(spell(name).meant):
		run := 0
		for run < len(value) && TokenByte(value[run]) {
			run++
		}
		return param[:n+eq+run] + cutRest(value[run:])
	case strings.HasPrefix(name, "exp") && allDigits(value):
		return param
	}
	return param[:n+eq] + cutRest(value)
}

// cutQueries cuts the queries of the addresses that stand in a text, as crawlers name themselves.
func cutQueries(text string) string {
	if strings.IndexByte(text, '?') < 0 && strings.IndexByte(text, '%') < 0 {
		return text
	}
	s := spell(text)
	var out strings.Builder
	done := 0
	for at := 0; at < len(s.meant); {
		end := at + indexAnyOr(s.meant[at:], " \t\"'<>()")
		word := s.meant[at:end]
		query := indexOr(word, '?')
		if query < len(word)-1 && (strings.Contains(word[:query], "://") || strings.IndexByte(word[query:], '=') > 0) {
			out.WriteString(s.written[done:s.place(at+query+1)] + Mark)
			done = s.place(end)
		}
		at = end + 1
	}
	return out.String() + s.written[done:]
}

func cutRest(text string) string {
	if text == "" {
		return ""
	}
	return Mark
}
