package detect

import (
	"maps"
	"slices"
	"strconv"

	"ipdrift/detect/finding"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// wrongAnswers are what a host answers, in time, to links whose hash does not hold for who
// asks: they may be refusals that do not count as such.
type wrongAnswers struct {
	all, refused policy.LinkCount
	other        map[uint16]*otherAnswer // by status: neither served nor refused
}

// otherAnswer is how many links got a status: of those whose hash does not hold, and of the others.
type otherAnswer struct{ wrong, right policy.LinkCount }

// answered counts the answer to a link.
func (h *host) answered(v *visit, link uint32) {
	if !v.Keyed || v.Shape != token.Signed || v.Late >= ingest.AtExpiry || !v.Reads() {
		return
	}
	w := &h.wrong
	if !v.Matched {
		w.all.Count(link)
		if v.Refused() {
			w.refused.Count(link)
		}
	}
	if v.Served() || v.Refused() || v.Status/100 != 3 && v.Status/100 != 4 || slices.Contains([]uint16{304, 408, 416, 499}, v.Status) {
		return
	}
	t := w.other[v.Status]
	if t == nil {
		t = &otherAnswer{}
		if w.other == nil {
			w.other = map[uint16]*otherAnswer{}
		}
		w.other[v.Status] = t
	}
	if v.Matched {
		t.right.Count(link)
	} else {
		t.wrong.Count(link)
	}
}

// sayWrongAnswers names what seems to be a host's refusal and does not count as one: it answers
// enough links whose hash does not hold, hardly any of them is refused, and hardly any
// other link gets it, but where a file may be missing.
func (a *analysis) sayWrongAnswers() {
	few := 1 - a.Thresholds.CalibrationShare
	for _, h := range a.ordered {
		w := &h.wrong
		if h.status != finding.Verified || float64(w.refused.Links) > few*float64(w.all.Links) {
			continue
		}
		for _, status := range slices.Sorted(maps.Keys(w.other)) {
			t := w.other[status]
			if t.wrong.Links >= a.Thresholds.ClockLinks && (status == 404 || float64(t.right.Links) <= few*float64(h.links)) {
				a.warnOf("%s: %d of %d links whose hash does not hold for who asked got %s, which does not count as refused here, so neither causes nor decision know of them: if this host refuses links so, say expired_status: %[4]s in --config",
					h.Name, t.wrong.Links, w.all.Links, strconv.Itoa(int(status)))
			}
		}
	}
}
