package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// input accounts for every line read.
func (p *paper) input() {
	in := p.a.Input
	p.row("input", say(accounted(in)))
	for i, r := range in.Rejects {
		if i == 3 && !p.o.Verbose {
			p.row("", as(faint, "and "+figure.Plural(len(in.Rejects)-3, "more reason", "more reasons")))
			break
		}
		p.row("", say(rejected(r)))
	}
	shown, _ := listed(damaged(in), listedFlaws, p.o)
	for _, s := range shown {
		if text := s.Path + ": " + s.Error; !slices.Contains(p.a.Warnings, text) {
			p.row("", as(refused, "damaged: "), say(text))
		}
	}
}

// accounted says what became of all lines.
func accounted(in finding.Input) string {
	return fmt.Sprintf("%s = %s parsed + %s rejected", figure.Plural(in.Lines, "line", "lines"), figure.Count(in.Parsed), figure.Count(in.Rejected))
}

// headerLine is the reason of lines that are rejected and take away nothing.
const headerLine = "header line"

// unread says how many lines should have been requests but could not be read.
func unread(in finding.Input) []string {
	lost := in.Rejected
	for _, r := range in.Rejects {
		if r.Reason == headerLine {
			lost -= r.Lines
		}
	}
	if lost <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s of %s could not be read.", figure.Count(lost), figure.Plural(in.Lines, "line", "lines"))}
}

// whyUnread says why, with a first example of each reason.
func whyUnread(in finding.Input) (list []string) {
	for _, r := range in.Rejects {
		if r.Reason != headerLine {
			list = append(list, "Not read: "+rejected(r)+".")
		}
	}
	return list
}

// rejected is a reason with its number and a first example.
func rejected(r finding.Reject) string {
	return figure.Count(r.Lines) + " " + figure.Either(r.Reason == headerLine && r.Lines != 1, "header lines", r.Reason) + ", first at " + r.Source + ":" + strconv.FormatInt(r.Line, 10)
}

// method lists what a reader needs to judge the result.
func (p *paper) method() {
	m, us := p.a.Method, p.a.Users
	if us.Omitted > 0 {
		p.row("flagged", say(fmt.Sprintf("%s listed of %s", figure.Count(len(us.Flagged)), figure.Plural(int64(len(us.Flagged))+us.Omitted, "flagged user", "flagged users"))))
	}
	if m.Identity != "" {
		p.row("identity", say(m.Identity))
	}
	p.row("search", say(searched(m.Search)))
	row := p.rows("thresholds")
	for _, text := range thresholds(m.Thresholds) {
		row(say(text))
	}
	if m.Version != "" {
		p.row("version", say(m.Version))
	}
}

// thresholds lists the thresholds in force by name.
func thresholds(values map[string]float64) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, name+" = "+strconv.FormatFloat(values[name], 'g', -1, 64))
	}
	return list
}

func searched(s finding.Search) string {
	if s.Links == 0 {
		return "no link needed one"
	}
	text := fmt.Sprintf("%s failed for every address seen: %s explained by another request, %s by trying %s of addresses and known mistakes, %s left",
		figure.Plural(s.Links, "link", "links"), figure.Count(s.Witnessed), figure.Count(s.Found), figure.Plural(s.Candidates, "hash", "hashes"), figure.Count(s.Unresolved))
	if s.Skipped > 0 {
		text += "; " + figure.Count(s.Skipped) + " of these not searched deeply"
	}
	if left := s.Unresolved - s.Skipped; left > 0 {
		text += fmt.Sprintf("; %s not resolved: searched %s each", figure.Plural(left, "link", "links"), figure.Plural(s.Each, "candidate", "candidates"))
	}
	return text
}

// next names the command that goes on from here.
func (p *paper) next(all []*host) {
	row := p.rows("next")
	if slices.ContainsFunc(all, (*host).failed) {
		row(unbroken("ipdrift explain URL --ip IP"), say("   "), as(faint, "of a served link: does the key fit?"))
	}
	if p.o.Case == "" {
		row(unbroken("--db case.duckdb"), say("   "), as(faint, "keeps the case for browse, report and query"))
		return
	}
	path := Quoted(Clean(p.o.Case))
	row(unbroken("ipdrift report "+path+" -o report.html"), say("   "), unbroken("ipdrift browse "+path))
}

// Quoted makes text one word of a POSIX shell.
func Quoted(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%,=-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
