package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/ingest/format"
)

const (
	timeHint = "a time is Unix seconds (1795469621), RFC 3339 (2026-11-20T14:03:00Z) or as logs write it (18/Nov/2026:11:07:20 +0000); a zone is an offset (+01:00), and without one it is UTC"
	spanHint = "a span is +90s, +30m, +2h or +7d; " + timeHint
)

// instant reads a time as Unix seconds, or as it is pasted from a log or a report: these
// tell no seconds where a minute is all that counts.
func instant(flag, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if s, err := strconv.ParseInt(text, 10, 64); err == nil && s >= 0 && s <= 253402300799 {
		return time.Unix(s, 0).UTC(), nil
	}
	for _, layout := range ticketTimes() {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	t, ok := format.Time([]byte(text))
	if !ok {
		return time.Time{}, usage(timeHint, "--%s: %q is not a time", flag, text)
	}
	return t, nil
}

// dayOrInstant reads a time, or a date, which begins at midnight UTC.
func dayOrInstant(flag, text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return instant(flag, text)
}

// ticketTimes are times as people, browsers, date and HTTP headers write them, which no log
// does. A zone is an offset, UTC or GMT: other names are of several zones. Nor is there a
// date in numbers with slashes, whose day and month change places between countries.
func ticketTimes() (layouts []string) {
	for _, day := range []string{"2006-01-02T", "2006-01-02 ", "2.1.2006 ", "2.1.2006, ", "Mon, 2 Jan 2006 ", "2 Jan 2006 ", "Mon Jan 2 2006 ", "Jan 2 2006 ", "Jan 2, 2006 ", "Jan 2, 2006, "} {
		for _, hour := range []string{"15:04", "15:04:05", "3:04 PM", "3:04:05 PM"} {
			for _, zone := range []string{"", "Z07:00", " -0700", " -07:00", " UTC", " GMT", " GMT-0700"} {
				layouts = append(layouts, day+hour+zone)
			}
		}
	}
	return append(layouts, "Mon Jan 2 15:04:05 UTC 2006", "20060102T150405Z")
}

// expiry reads a time, or a span from now as in +2h or +7d.
func expiry(text string, now time.Time) (time.Time, error) {
	span, ok := strings.CutPrefix(text, "+")
	switch {
	case !ok && len(text) > len("253402300799") && strings.Trim(text, "0123456789") == "":
		return time.Time{}, usage(spanHint, "--expires: %q is not a time in seconds", text)
	case !ok:
		t, err := instant("expires", text)
		if err != nil {
			err = usage(spanHint, "%w", err)
		}
		return t, err
	}
	var d lapse
	if err := d.Set(span); err != nil || d <= 0 {
		return time.Time{}, usage(spanHint, "--expires: %q is not a span", text)
	}
	return now.Add(time.Duration(d)), nil
}

// lapse is a span of time as a flag takes it: 90s, 15m, 2h30m, 1d or 1d12h.
type lapse time.Duration

// Set reads it.
func (l *lapse) Set(text string) error {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	} else if rest == "" {
		rest = "0s"
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(rest)
	*l = lapse(time.Duration(n)*24*time.Hour + d)
	return err
}

// String writes it as help has it.
func (l *lapse) String() string {
	text := time.Duration(*l).String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Type names it as the flag package does.
func (l *lapse) Type() string { return "duration" }

// address reads --ip.
func address(text string) (netip.Addr, error) {
	bare := strings.Trim(strings.TrimSpace(text), `.,;()<>"'`)
	if at, err := netip.ParseAddrPort(bare); err == nil {
		return at.Addr().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(bare, "[]"))
	if err == nil {
		return a.WithZone(""), nil
	}
	if first, ok := format.Address([]byte(bare)); ok && strings.Contains(bare, ",") {
		return netip.Addr{}, usage(fmt.Sprintf("give one; in an X-Forwarded-For the viewer's is as a rule the first public one: --ip %s", first), "--ip: %q is a list of addresses", text)
	}
	if _, err := netip.ParsePrefix(bare); err == nil {
		return netip.Addr{}, usage("give one address of it", "--ip: %q is a network", text)
	}
	return netip.Addr{}, usage("an address is 203.0.113.9 or 2001:db8::9", "--ip: %q is not an address", text)
}

// prefixes reads a list such as 24,16 and sorts it, narrowest network first.
func prefixes(flag, text string, whole int) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(part), "/"))
		if err != nil || n < 1 || n >= whole {
			return nil, usage(fmt.Sprintf("a list of prefix lengths from 1 to %d, such as --%s %s", whole-1, flag, map[int]string{32: "24,16", 128: "64,56,48"}[whole]), "--%s: %q is not a prefix length", flag, part)
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b int) int { return b - a })
	return slices.Compact(out), nil
}

// size reads bytes, as in 1GiB, 512MiB or 2G.
func size(flag, text string) (int64, error) {
	digits := strings.TrimRight(text, "KMGTiB")
	shift, ok := map[string]uint{"": 0, "B": 0, "K": 10, "KiB": 10, "KB": 10, "M": 20, "MiB": 20, "MB": 20,
		"G": 30, "GiB": 30, "GB": 30, "T": 40, "TiB": 40, "TB": 40}[text[len(digits):]]
	n, err := strconv.ParseFloat(digits, 64)
	n *= float64(int64(1) << shift)
	if !ok || err != nil || strings.Trim(digits, "0123456789.") != "" || n < 1 || n > 1<<60 {
		return 0, usage("a size is 512MiB, 1GiB or 1.5G", "--%s: %q is not a size", flag, text)
	}
	return int64(n), nil
}

// oneOf checks a flag that takes one of a few words.
func oneOf(flag, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return usage("choose one of "+strings.Join(words, ", "), "unknown --%s %q", flag, word)
}

// scopeWords are what --scope takes.
func scopeWords() []string { return []string{"auto", "file", "dir"} }

// formWords are what --mask-form takes.
func formWords() []string { return []string{"network", "cidr", "octets", "octets-dot"} }

// each lists something of all, such as their names.
func each[T any](all []T, what func(T) string) []string {
	var out []string
	for _, one := range all {
		out = append(out, what(one))
	}
	return out
}

// wordsFor completes the value of a flag in the shell.
func wordsFor(cmd *cobra.Command, flag string, words ...string) {
	// The only error there is: a flag of that name does not exist.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// formatNames completes the log formats that have a name alone.
func formatNames(cmd *cobra.Command) {
	wordsFor(cmd, "log-format", each(format.Formats(), func(f *format.Format) string { return f.Name })...)
}

// caseFiles completes the first argument in the shell: a kept case.
func caseFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"duckdb"}, cobra.ShellCompDirectiveFilterFileExt
}
