package format

import (
	"strings"
	"unicode"
)

// looks gives the test that values of a field pass.
func looks(f field) func(string) bool {
	switch f {
	case client:
		return isAddress
	case when, started:
		return func(s string) bool { return isMoment(s) || isUndated(s) }
	case request:
		return isRequest
	case method:
		return isMethod
	case target, path:
		return isTarget
	case status:
		return isStatus
	case host:
		return isHost
	case duration, tookMs, tookUs:
		return isSeconds
	case size:
		return isCount
	case skipped:
		return func(string) bool { return false }
	}
	return func(string) bool { return true }
}

func isAddress(s string) bool {
	_, ok := Address([]byte(s))
	return ok || masked([]byte(s))
}

// isNoHash is isAddress but for what is as likely the id of a request or of the owner of a bucket: hexadecimal digits alone.
func isNoHash(s string) bool { return strings.ContainsAny(s, ".:") && isAddress(s) }

func isPrivate(s string) bool {
	a, ok := Address([]byte(s))
	return ok && private(a)
}

func isPublic(s string) bool {
	a, ok := Address([]byte(s))
	return ok && !private(a)
}

func isMoment(s string) bool { return isPlainMoment(s) || isSlashed([]byte(s)) }

// isPlainMoment accepts times whose day and month cannot be mistaken.
func isPlainMoment(s string) bool {
	_, _, ok := moment([]byte(s))
	return ok
}

func isUndated(s string) bool {
	_, _, ok := undated([]byte(s), someday)
	return ok
}

func isRequest(s string) bool {
	m, t := splitRequest([]byte(s))
	return len(t) > 0 && isMethod(string(m)) && (isTarget(string(t)) || protocolAt([]byte(s)) > 0)
}

// isQuery accepts several parameters.
func isQuery(s string) bool {
	return strings.Contains(s, "&") && strings.Contains(s, "=") && !strings.ContainsAny(s, " \"/?:;,")
}

func isNone(s string) bool { return s == "" || s == "-" }

func isMethod(s string) bool {
	switch s {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PURGE", "PROPFIND":
		return true
	}
	return false
}

func isTarget(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// isStatus accepts the codes of the IANA registry and those of nginx (444, 494 to 499), AWS (460 to 464, 561) and Cloudflare (520 to
// 530), and no other number: 443 is a port. What the cache did may stand before it, as in TCP_HIT/200.
func isStatus(s string) bool {
	s = s[cacheResult([]byte(s)):]
	n, ok := number([]byte(s))
	if !ok || len(s) != 3 {
		return false
	}
	switch {
	case n >= 100 && n <= 103, n >= 200 && n <= 208, n == 226, n >= 300 && n <= 308, n >= 400 && n <= 418, n >= 421 && n <= 431, n == 444, n == 449, n == 451,
		n >= 460 && n <= 464, n >= 494 && n <= 511, n >= 520 && n <= 530, n == 561, n == 598, n == 599:
		return true
	}
	return false
}

// isCount accepts "-", too: Apache's %b for no bytes.
func isCount(s string) bool {
	_, ok := number([]byte(s))
	return ok || s == "-"
}

func isSeconds(s string) bool {
	_, ok := seconds([]byte(s))
	return ok
}

// isDuration accepts nginx's $request_time: seconds with three decimals, less than a day.
func isDuration(s string) bool {
	took, ok := seconds([]byte(s))
	return ok && took <= dayLen && len(s) > 4 && s[len(s)-4] == '.'
}

// isHost accepts a name with a dot whose last part begins and ends with a letter, as 0.250s does not, with or without a port.
func isHost(s string) bool {
	name := string(withoutPort([]byte(s)))
	dot := strings.LastIndexByte(name, '.')
	if dot < 1 || dot == len(name)-1 || len(name) > 253 {
		return false
	}
	for i := 0; i < len(name); i++ {
		if !isNameByte(name[i]) {
			return false
		}
	}
	return isLetter(name[dot+1]) && isLetter(name[len(name)-1])
}

// isProgram accepts nginx: and nginx[123]:, isPriority <190>1.
func isProgram(s string) bool { return len(s) > 1 && s[len(s)-1] == ':' }

func isPriority(s string) bool { return len(s) > 3 && s[0] == '<' && strings.HasSuffix(s, ">1") }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isMark accepts what has neither letters nor digits, as the second bar of ||; "-" stands for a value.
func isMark(s string) bool {
	return s != "-" && !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) })
}

// isASN accepts AS3320, and what is called so behind it.
func isASN(s string) bool {
	number, ok := strings.CutPrefix(s, "AS")
	number, _, _ = strings.Cut(number, " ")
	return ok && isCount(number) && number != "-"
}

// isCountry accepts two capital letters, as ISO 3166 has them.
func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func isReferer(s string) bool {
	return s == "-" || s == "" || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "android-app://")
}

// isAgent accepts text with a product and its version in it, as in Mozilla/5.0, at its beginning, and no route of Squid, as DIRECT/192.0.2.1.
func isAgent(s string) bool {
	slash := strings.IndexByte(s, '/')
	return slash > 0 && slash+1 < len(s) && '0' <= s[slash+1] && s[slash+1] <= '9' && !strings.ContainsAny(s[:slash], ":,=") && !isCount(s[:slash]) &&
		!isRequest(s) && !isProtocol(s) && !(cacheResult([]byte(s)) > 0 && isAddress(s[slash+1:]))
}

func isProtocol(s string) bool { return strings.HasPrefix(s, "HTTP/") }
