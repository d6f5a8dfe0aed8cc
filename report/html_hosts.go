package report

import (
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// decisionRow is one host and family with its decision.
type decisionRow struct {
	Host, Family, Decision, Tone              string
	Affected, Accepted, Unresolved, Strangers string
	Exposure, Refused                         string
}

func decisionsOf(a *finding.Analysis, h *host) []decisionRow {
	v := h.verdict()
	if len(h.recs) == 0 || h.failed() {
		return []decisionRow{{Host: h.name, Decision: v.text, Tone: toneName(v.tone), Refused: h.refusals("", "")}}
	}
	var rows []decisionRow
	for _, r := range h.recs {
		v := h.recommended(r)
		row := decisionRow{
			Host: h.name, Family: family(r.Family), Decision: v.text, Tone: toneName(v.tone),
			Affected: affected(r), Accepted: acceptance(r), Unresolved: against(r), Refused: h.refusals("", ""),
		}
		if r.AffectedUsers > 0 {
			row.Strangers = strangers(a, r)
			row.Exposure = figure.Percent(r.ExposureNow) + " → " + figure.Percent(r.Exposure)
		}
		rows = append(rows, row)
	}
	return rows
}

// carrierRow is a finding about one carrier on one host.
type carrierRow struct {
	Host, Family, Carrier, Users string
	Accepted                     []string // by mask
}

func carriersOf(h *host) []carrierRow {
	var rows []carrierRow
	for _, r := range h.recs {
		for _, c := range r.Carriers {
			row := carrierRow{Host: h.name, Family: family(r.Family), Carrier: "others, or not known", Users: figure.Count(c.AffectedUsers)}
			if c.ASN != nil {
				row.Carrier = strings.TrimSpace(network(c.ASN) + " " + c.Name)
			}
			for _, s := range narrowestFirst(c.Curve) {
				row.Accepted = append(row.Accepted, prefix(s.Prefix)+": "+estimate(s.AcceptedShare, s.Low, s.High))
			}
			if len(c.Curve) == 0 {
				row.Accepted = []string{prefix(c.Prefix) + ": " + estimate(c.AcceptedShare, c.Low, c.High)}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// moveRow is how the users of one carrier change their address.
type moveRow struct{ Carrier, Users, Changes, Same, Often string }

// networkRow is where many refusals came from.
type networkRow struct {
	finding.Network
	ASN string
}
