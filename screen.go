package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"ipdrift/report"
)

// isTerminal reports whether somebody sees what is written.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// screen lays out text for where it goes: a terminal's width, colour unless
// it is unwanted (NO_COLOR, no-color.org), ASCII unless the locale is UTF-8.
func screen(w io.Writer, width int) report.Options {
	o := report.Options{Width: width, ASCII: !unicodeLocale()}
	if !isTerminal(w) {
		return o
	}
	if columns, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && width == 0 {
		o.Width = columns
	}
	o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}

// unicodeLocale follows POSIX: the first of the three that is set decides.
func unicodeLocale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}
