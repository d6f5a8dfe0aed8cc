package detect

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
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
	if v.Served() || v.Refused() || v.Status/100 != 3 && v.Status/100 != 4 || slices.Contains([]uint16{304, 408, 416, 429, 499}, v.Status) {
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

// seemsRefusal lists the statuses that seem to be a host's refusal and do not count as one: it answers
// enough links whose hash does not hold, hardly any of them is refused, and hardly any
// other link gets it, but where a file may be missing. That of most links comes first.
func (h *host) seemsRefusal(t *judge.Thresholds) (statuses []uint16) {
	few := 1 - t.CalibrationShare
	w := &h.wrong
	if h.status != finding.Verified || float64(w.refused.Links) > few*float64(w.all.Links) {
		return nil
	}
	for _, status := range slices.Sorted(maps.Keys(w.other)) {
		o := w.other[status]
		if o.wrong.Links >= t.ClockLinks && (status == 404 || float64(o.right.Links) <= few*float64(h.links)) {
			statuses = append(statuses, status)
		}
	}
	slices.SortStableFunc(statuses, func(x, y uint16) int { return cmp.Compare(w.other[y].wrong.Links, w.other[x].wrong.Links) })
	return statuses
}

// sayWrongAnswers names these.
func (a *analysis) sayWrongAnswers() {
	for _, h := range a.ordered {
		for _, status := range h.seemsRefusal(&a.Thresholds) {
			a.warnOf("%s: %d of %d links whose hash does not hold for who asked got %s, which does not count as refused here, so neither causes nor decision know of them: if this host refuses links so, say expired_status: %[4]s in --config",
				h.Name, h.wrong.other[status].wrong.Links, h.wrong.all.Links, strconv.Itoa(int(status)))
		}
	}
}
