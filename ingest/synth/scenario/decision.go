package scenario

import (
	"math"
	"slices"
)

// Decision is what the rules of evidence (14 to 17) say where the shares are
// known: no interval is needed, as nothing is estimated.
type Decision struct {
	Decision string  `json:"decision"`
	Prefix   int     `json:"prefix,omitempty"` // of widen and helps_partly
	Affected float64 `json:"affected_share"`   // of the bound users; the rules want 0.005
	// Margin is how far the nearest share of accepted users or of strangers lies
	// from the threshold it was held against; 1 where none was. An estimate that
	// errs by more may well decide otherwise.
	Margin float64 `json:"margin"`
}

// The thresholds of the rules of evidence.
const (
	decidesFrom   = 30    // affected users (14)
	worthShare    = 0.005 // of the bound users (15)
	acceptedShare = 0.80  // (15)
	gainShare     = 0.05  // of a wider mask (15)
	gainUsers     = 10
	partlyShare   = 0.50
	strangersVeto = 0.05 // (17)
	strangerLinks = 60   // shared links from which strangers are measured
)

func decide(h *Host, family int, m *Mask) Decision {
	d := Decision{Affected: part(m.AffectedUsers, m.BoundUsers), Margin: 1}
	shares := wider(h, family, m.Shares)
	switch {
	case h.Proxied > 0.5: // the proxy is the finding (3)
		d.Decision = "mask_not_enough"
	case m.AffectedUsers == 0:
		d.Decision = "keep_current"
	case m.AffectedUsers < decidesFrom:
		d.Decision = "insufficient_evidence"
	case d.Affected < worthShare:
		d.Decision = "keep_current"
	case len(shares) == 0:
		d.Decision = "mask_not_enough" // whoever is affected has left the mask in force
	default:
		d.choose(shares, m)
	}
	return d
}

// wider leaves the candidates that are wider than the mask in force.
func wider(h *Host, family int, all []Share) []Share {
	now := h.Prefix4
	if family == 6 {
		now = h.Prefix6
	}
	if h.Bind != "mask" || now == 0 {
		return all
	}
	for i, s := range all {
		if s.Prefix < now {
			return all[i:]
		}
	}
	return nil
}

// choose takes the narrowest mask that accepts enough, and a wider one for its
// gain; shares are narrowest first. What strangers veto is out of the question.
func (d *Decision) choose(shares []Share, m *Mask) {
	vetoed := func(s Share) bool {
		if m.SharedLinks < strangerLinks {
			if s.Strangers > 0 {
				d.Margin = 0 // too few links to be sure of a veto
			}
			return false
		}
		return d.reaches(s.Strangers, strangersVeto)
	}
	allowed := slices.DeleteFunc(slices.Clone(shares), vetoed)
	widest := shares[len(shares)-1]
	switch {
	case d.reach(allowed, acceptedShare, m.AffectedUsers):
		d.Decision = "widen"
	case d.reach(allowed, partlyShare, m.AffectedUsers):
		d.Decision = "helps_partly"
	case len(allowed) < len(shares) && d.reaches(widest.Share, partlyShare):
		d.Decision = "keep_current"
	default:
		d.Decision = "mask_not_enough"
	}
}

// reach finds the narrowest mask that accepts a share of the affected users, and
// goes on to wider ones as long as each gains enough.
func (d *Decision) reach(shares []Share, threshold float64, affected int64) bool {
	best := slices.IndexFunc(shares, func(s Share) bool { return d.reaches(s.Share, threshold) })
	if best < 0 {
		return false
	}
	for i := best + 1; i < len(shares); i++ {
		gain := shares[i].Users - shares[best].Users
		if !d.reaches(part(gain, affected), gainShare) || gain < gainUsers {
			break
		}
		best = i
	}
	d.Prefix = shares[best].Prefix
	return true
}

// reaches compares a share with its threshold and keeps the distance.
func (d *Decision) reaches(share, threshold float64) bool {
	d.Margin = min(d.Margin, math.Abs(share-threshold))
	return share >= threshold
}
