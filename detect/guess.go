package detect

import (
	"ipdrift/detect/policy"
	"ipdrift/token"
)

// settle works out what the policies of all hosts answer with.
func (a *analysis) settle() {
	for _, h := range a.hosts {
		h.Policy.Settle(&a.Thresholds)
	}
}

// guess fills the policy of hosts that accepted nothing from the hashes that
// were reproduced on refused requests; and the scope of folders that accepted
// nothing, unless the signer takes that scope for observed addresses, too,
// and these are refused.
func (a *analysis) guess() {
	for _, p := range a.proofs {
		p.ShowsScope()
	}
	for _, h := range a.hosts {
		h.Policy.Guessed = h.Policy.Total == 0
		h.Policy.Told = a.survey.told.Has
	}
	for w, t := range a.survey.denied {
		if p := &w.host.Policy; p.Guessed && t.Links > a.survey.plainly[w].Of() {
			if p.Denied == nil {
				p.Denied = map[policy.Rule]bool{}
			}
			p.Denied[w.Rule] = true
		}
	}
	for w, t := range a.survey.plainly {
		if p := &w.host.Policy; w.Scope == p.Other {
			p.Other = token.ScopeAuto
		}
		if w.host.Policy.Guessed && !w.host.Policy.Denied[w.Rule] {
			w.host.Policy.Add(a.asText(w.Rule), t.Links)
		}
	}
	for _, p := range a.proofs {
		if p.Host.Policy.Guessed && p.Mistake.Name == "" {
			p.Host.Policy.Add(policy.Rule{Hypothesis: p.How, Family: p.Family}, 1)
		}
	}
	a.settle()
}
