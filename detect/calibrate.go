package detect

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
	"ipdrift/ingest/fetch"
	"ipdrift/ingest/figure"
)

// calibrate decides for each host whether recomputed hashes may be believed
// (rules of evidence, 1).
func (a *analysis) calibrate(ctx context.Context) error {
	a.countFound()
	expired, err := a.expiredStatuses(ctx)
	if err != nil {
		return err
	}
	a.out.Calibration = []finding.Calibration{}
	c := calibration{analysis: a, fitting: search.KeySets(a.sites(func(h *host) bool { return !a.fails(h) })), astray: a.astray()}
	for i, h := range a.ordered {
		if a.fails(h) && h.failure == nil {
			if err := a.inspect(ctx, a.ordered[i:]); err != nil {
				return err
			}
		}
		c.grade(h)
		h.failure = nil
		a.out.Calibration = append(a.out.Calibration, finding.Calibration{
			Host: h.Name, Tokens: h.tokens, Verified: h.Verified, Status: h.status, Reason: h.reason, Policy: h.Policy.Public(h.Stated.Scheme.Name, expired[h.Name]),
		})
	}
	return nil
}

// countFound adds the refused links whose signing address was found: they count for the calibration and
// for the lifetime of links as served ones do. Nobody asks for the suspects after it.
func (a *analysis) countFound() {
	for _, s := range a.survey.suspects {
		if s.Unserved && s.Found != nil && !foreign(s.Found.Mistake.Name) {
			h := a.hosts[s.Found.Host.Name]
			h.tokens++
			h.Verified++
			h.silent--
			h.lives.add(s.Life)
		}
	}
	a.survey.suspects = nil
}

// foreign reports whether a mistake says nothing about the key in use, as the link was signed with another
// one.
func foreign(mistake string) bool {
	return mistake == search.OldKeyName || mistake == "other_host_key" || mistake == "empty_key"
}

func (a *analysis) expiredStatuses(ctx context.Context) (map[string][]int, error) {
	out := map[string][]int{}
	err := fetch.Each(ctx, a.conn, `SELECT host, status::INTEGER FROM outcome WHERE matched AND late = 4 AND refused AND code IN (0, 1006) AND NOT shield
		GROUP BY host, status ORDER BY host, status`, func(scan fetch.Scan) error {
		var host string
		var status int
		err := scan(&host, &status)
		out[host] = append(out[host], status)
		return err
	})
	return out, err
}

// fails reports whether the calibration of a host fails: there was a key, and too few
// of its tokens reproduce.
func (a *analysis) fails(h *host) bool {
	t := &a.Thresholds
	return h.keyed && h.tokens >= t.CalibrationTokens && float64(h.Verified)/max(1, float64(h.tokens)) < t.CalibrationShare
}

// astray names the hosts with a key that do not occur in the log: one may be misspelt.
func (a *analysis) astray() string {
	const most = 3
	names := slices.DeleteFunc(a.Keys.Hosts(), func(name string) bool {
		_, err := netip.ParseAddr(strings.Trim(name, "[]")) // which may stand under a pseudonym
		return err == nil || a.hosts[name] != nil
	})
	switch n := len(names); {
	case n == 0:
		return ""
	case n > most:
		names = append(names[:most], "others")
	}
	return " (keys are given for " + strings.Join(names, ", ") + ", of which no request was read)"
}

// calibration is what the hosts are graded by.
type calibration struct {
	*analysis
	fitting []search.KeySet // of the hosts whose calibration does not fail
	astray  string          // the hosts of keys that the log does not have, in words
}

// grade settles the status of a host, and says why.
func (c *calibration) grade(h *host) {
	t := &c.Thresholds
	switch {
	case !h.keyed:
		h.reason = "no key for this host" + c.astray + ": expiry and shape are read, an address mismatch is inferred only"
	case c.fails(h):
		h.status = finding.Failed
		h.reason = c.diagnose(h)
	case h.tokens >= t.CalibrationTokens:
		h.status = finding.Verified
		h.reason = figure.Sentence("%d of %d {token reproduces|tokens reproduce}", h.Verified, h.tokens)
		if h.Policy.Trees() > 0 {
			h.reason += ", some over a directory further up: the edge takes one token for a whole tree"
		}
	case h.tokens == 0 && h.silent > 0 && h.links > 0:
		h.reason = "no request was served: that hashes reproduce on others proves little about the key"
	case h.tokens == 0 && h.silent > 0:
		h.reason = figure.Either(h.silent == 1, "the refused link reproduces for no address tried", figure.Sentence("none of the %d refused links reproduces for any address tried", h.silent)) +
			", and no request was served: the key, the path rule or the address field may not fit"
	case h.tokens == 0:
		h.reason = "no request carries a token that could be checked"
	default:
		h.reason = figure.Sentence("%d of %d {token reproduces|tokens reproduce}; fewer than %d tokens prove nothing about the key", h.Verified, h.tokens, t.CalibrationTokens)
	}
}
