package detect

import (
	"ipdrift/detect/ruling"
	"ipdrift/ingest"
	"ipdrift/token"
)

// words are the numbers that table judged has for words; 0 for none.
type words struct {
	causes                                           map[string]uint8
	bases                                            map[ruling.Basis]uint8
	mismatch, expiredMismatch, unresolved, unchecked uint8 // causes
}

// ofAddress reports whether a cause is a mismatch, expired or not.
func (w *words) ofAddress(cause uint8) bool { return cause == w.mismatch || cause == w.expiredMismatch }

func numbered() words {
	w := words{causes: map[string]uint8{}, bases: map[ruling.Basis]uint8{}}
	for _, c := range ingest.Causes() {
		w.causes[c] = ingest.Place(ingest.Causes(), c)
	}
	for _, b := range ingest.Bases() {
		w.bases[ruling.Basis(b)] = ingest.Place(ingest.Bases(), b)
	}
	w.mismatch, w.expiredMismatch = w.causes[token.IPMismatch.String()], w.causes[token.ExpiredIPMismatch.String()]
	w.unresolved, w.unchecked = w.causes[token.UnresolvedSignature.String()], w.causes[token.Unchecked.String()]
	return w
}
