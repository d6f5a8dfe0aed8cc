package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestParagraphsAreBrokenBetweenWords as a terminal of 80 columns needs it, and keep all words.
func TestParagraphsAreBrokenBetweenWords(t *testing.T) {
	const text = "the two addresses share their first 25 bits, so a mask of /24 — a cut — would accept this request; https://cdn.example.com/vod/a.ts?md5=eirPUw...&expires=1795007200&a=...&b=... stays whole"
	lines := broken(text, 67)
	if got := strings.Join(lines, " "); got != text || len(lines) < 3 {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 67 && strings.Contains(line, " ") {
			t.Errorf("too long: %q", line)
		}
	}
	for _, room := range []int{-13, 0, 29, 500} {
		if lines := broken(text, room); len(lines) != 1 || lines[0] != text {
			t.Errorf("with room for %d: %q", room, lines)
		}
	}
}
