package report

import (
	"maps"
	"slices"
	"strconv"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// signerRow is a mistake of a signer.
type signerRow struct {
	finding.Signer
	Share string
}

// plan is a change that is advised, and how to verify it.
type plan struct {
	Title    string
	Steps    []string
	Verify   string
	Snippets []finding.Snippet
}

func planOf(r finding.Recommendation) plan {
	p := plan{Title: titled(r.Host) + ", " + family(r.Family) + ": " + recommended(r).text, Steps: r.Change, Snippets: r.Snippets}
	if r.Prefix != nil {
		p.Verify = "Sign" + linkTest(*r.Prefix)
	}
	return p
}

// method is what a reader needs to judge the result.
type method struct {
	Version, Identity, Search, Command, Schema, Case string
	Thresholds                                       [][2]string
	Input                                            finding.Input
	Files                                            []finding.Source
	More                                             string // files that are counted only
	Lines                                            string
	Sums                                             bool
}

func methodOf(a *finding.Analysis, o Options) method {
	m := method{
		Version: a.Method.Version, Identity: a.Method.Identity, Search: searched(a.Method.Search), Command: a.Method.Command,
		Schema: strconv.Itoa(a.Schema), Case: o.Case, Input: a.Input,
		Lines: accounted(a.Input),
	}
	for _, name := range slices.Sorted(maps.Keys(a.Method.Thresholds)) {
		m.Thresholds = append(m.Thresholds, [2]string{name, strconv.FormatFloat(a.Method.Thresholds[name], 'g', -1, 64)})
	}
	files, more := listed(a.Input.Sources, pageFiles, o)
	if m.Files = files; len(more) > 0 {
		m.More = figure.Plural(len(more), "more file", "more files") + ", which the JSON report lists; --verbose lists them here."
	}
	m.Sums = slices.ContainsFunc(a.Input.Sources, func(s finding.Source) bool { return s.XXH3 != "" })
	return m
}

// limitsOf is everything that takes away from the conclusion.
func limitsOf(a *finding.Analysis, all []*host, o Options) []string {
	in := a.Input
	list := append(remarks(a, o), unread(in)...)
	var flaws []string
	for _, s := range in.Sources {
		if s.Error != "" {
			flaws = append(flaws, "Damaged: "+s.Path+": "+s.Error)
		}
		for _, note := range s.Notes {
			flaws = append(flaws, s.Path+": "+note)
		}
	}
	shown, more := listed(flaws, listedFlaws, o)
	if list = append(list, shown...); len(more) > 0 {
		list = append(list, figure.Plural(len(more), "more remark on a file", "more remarks on files")+": see the JSON report.")
	}
	for _, h := range all {
		if (h.failed() || h.unverified()) && h.cal != nil {
			list = append(list, titled(h.name)+", "+keyOf(h).Status+": "+unchecked(h))
		}
		for _, r := range h.recs {
			if text := doubt(r); text != "" && !h.failed() {
				list = append(list, titled(h.name)+", "+family(r.Family)+": the share would be "+text+".")
			}
		}
	}
	return append(list, unsettled(a.Denials)...)
}
