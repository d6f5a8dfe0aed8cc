package format

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// placed gives the text with what a line has behind it, and alone: it must not matter.
func placed(text string, behind string) [2][]byte {
	whole := []byte(text + behind + strings.Repeat(" ", 16))
	alone := make([]byte, len(text))
	copy(alone, text)
	return [2][]byte{whole[:len(text)], alone[:len(text):len(text)]}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"", "0", "200", "1656674", "00000012", "99999999", "123456789", "9223372036854775807", "9223372036854775808", "12a", ":", "/", "1 ", "\xff1", "١"} {
		f.Add(s, "7")
	}
	f.Fuzz(func(t *testing.T, s, behind string) {
		want, err := strconv.ParseUint(s, 10, 63)
		for _, b := range placed(s, behind) {
			got, ok := number(b)
			if ok != (err == nil && len(s) <= 19) || ok && got != want {
				t.Errorf("%q before %q: %d, %v; strconv reads %d, %v", s, behind, got, ok, want, err)
			}
		}
	})
}

// FuzzSeconds: a zero in front does not matter.
func FuzzSeconds(f *testing.F) {
	for _, s := range []string{"0.505", "9.999", "0.5a5", "/.505", "0,505", "1.23 ", ":.000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := seconds([]byte(s))
		want, wanted := seconds([]byte("0" + s))
		if len(s) == 5 && s[1] == '.' && (got != want || ok != wanted) {
			t.Errorf("%q: %d, %v; with a zero in front %d, %v", s, got, ok, want, wanted)
		}
	})
}

func FuzzQuad(f *testing.F) {
	for _, s := range []string{"0.0.0.0", "255.255.255.255", "1.2.3.4", "10.20.30.40", "256.1.1.1", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.5", "1.2.3/4", "1.2.3.a", "1.2.3.\xfa", "1111.2.3.4", "1.2.345"} {
		f.Add(s, ".5")
	}
	f.Fuzz(func(t *testing.T, s, behind string) {
		want, err := netip.ParseAddr(s)
		for _, b := range placed(s, behind) {
			if got, ok := quad(b); ok != (err == nil && want.Is4()) || ok && got != want {
				t.Errorf("%q before %q: %v, %v; net/netip reads %v, %v", s, behind, got, ok, want, err)
			}
		}
	})
}

func FuzzIndexByte(f *testing.F) {
	f.Add([]byte("203.0.113.7 - - [23/Nov/2026"), byte(' '))
	f.Add([]byte("\x00\x01\x80\x7f\xff\x81-.-/,"), byte('.'))
	f.Fuzz(func(t *testing.T, b []byte, c byte) {
		if got, want := indexByte(b, c), bytes.IndexByte(b, c); got != want {
			t.Errorf("%q in %q: %d, bytes says %d", c, b, got, want)
		}
	})
}

// FuzzCut: values are cut where they are cut one byte after the other, whatever stands behind the line.
func FuzzCut(f *testing.F) {
	const spaced = `nginx:$remote_addr $time_local|$status  $host "$request" $body_bytes_sent" "$http_user_agent" $request_time`
	var slow, fast []*Parser
	for _, spec := range []string{"nginx", "gcore", spaced} {
		format := named(f, spec)
		fast = append(fast, format.NewParser())
		plain, l := *format, *format.layout
		l.steps = nil
		for _, s := range format.layout.steps {
			s.short, s.timed, s.mask = false, false, 0
			l.steps = append(l.steps, s)
		}
		plain.layout = &l
		slow = append(slow, plain.NewParser())
	}
	for _, line := range []string{goodLine, string(fixture(f, "gcore.log")[0]), `203.0.113.7 23/Nov/2026:09:26:12 +0000|403  a.example.com "GET /a HTTP/1.1" 1" "x\" y" "z" 0.5`} {
		f.Add(line, `" "`)
		f.Add(strings.ReplaceAll(line, "403", `4\" 03`), "")
	}
	f.Fuzz(func(t *testing.T, line, behind string) {
		for i := range fast {
			for _, b := range placed(line, behind) {
				var got, want Record
				bad, wanted := fast[i].Parse(b, &got), slow[i].Parse(b, &want)
				if bad != wanted || bad.Reason == "" && fast[i].at != slow[i].at {
					t.Errorf("%q before %q: %v %v, want %v %v", line, behind, bad, fast[i].at, wanted, slow[i].at)
				}
			}
		}
	})
}
