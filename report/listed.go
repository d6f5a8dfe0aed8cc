package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// What helps nobody any more once there are so many: the others are counted, unless all are
// asked for. JSON has each of them.
const (
	listedHosts = 20  // that have a line in the overview of text
	pageHosts   = 200 // that a page or a document shows
	pageFiles   = 200
	listedFlaws = 20 // damaged files, and what was noted of files
	listedWarns = 50
)

// listed parts the first of a list from those that are counted.
func listed[T any](all []T, most int, o Options) (shown, more []T) {
	if o.Verbose || len(all) <= most+1 {
		return all, nil
	}
	return all[:most], all[most:]
}

// moreHosts counts those that are not shown.
func moreHosts(more []*host) (number, verdicts string) {
	return figure.Plural(len(more), "more host", "more hosts"), ": " + tally(more, func(h *host) string { return h.verdict().text }) + "; --verbose lists each, --host GLOB picks some"
}

// tally counts hosts by verdict, the most frequent first.
func tally[H any](hosts []H, verdict func(H) string) string {
	counts := map[string]int{}
	for _, h := range hosts {
		counts[verdict(h)]++
	}
	words := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	for i, w := range words {
		words[i] = figure.Count(counts[w]) + " " + w
	}
	return strings.Join(words, ", ")
}

// damaged lists the files that were cut off or could not be read.
func damaged(in finding.Input) (list []finding.Source) {
	for _, s := range in.Sources {
		if s.Error != "" {
			list = append(list, s)
		}
	}
	return list
}

// remarks are the warnings, but for what stands in full under its host. A host is named as
// its heading has it.
func remarks(a *finding.Analysis, o Options) []string {
	apart := map[string]bool{}
	for _, c := range a.Calibration {
		if c.Status == finding.Failed {
			apart[c.Host+": calibration failed, "+c.Reason] = true
		}
	}
	_, hurt := listed(damaged(a.Input), listedFlaws, o)
	for _, s := range hurt {
		apart[s.Path+": "+s.Error] = true
	}
	list, more := listed(slices.DeleteFunc(slices.Clone(a.Warnings), func(w string) bool { return apart[w] }), listedWarns, o)
	for i, w := range list {
		if said, ok := strings.CutPrefix(w, "-: "); ok {
			list[i] = titled("-") + ": " + said
		}
	}
	if len(hurt) > 0 {
		list = append(slices.Clip(list), figure.Plural(len(hurt), "more file is", "more files are")+" damaged or could not be read; --verbose names each")
	}
	if len(more) > 0 {
		list = append(slices.Clip(list), "and "+figure.Plural(len(more), "more warning", "more warnings")+"; --verbose lists each")
	}
	return list
}
