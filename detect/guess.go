package detect

import (
	"ipdrift/detect/policy"
	"ipdrift/token"
)

// settle derives what the policies of all hosts answer from.
func (a *analysis) settle() {
	for _, h := range a.hosts {
		h.policy.Settle(&a.Thresholds)
	}
}

// showsScope notes it where a link was found over a scope that no link shows which its host served.
func (f *proof) showsScope() {
	if f == nil || f.mistake.Name != "" {
		return
	}
	if p, scope := &f.host.policy, f.how.Scope; p.Scope() == token.ScopeAuto && p.Plain(scope) && !p.Uses(scope) {
		p.Other = max(p.Other, scope) // both are possible where only directories above were taken
	}
}

// guess fills the policy of hosts that accepted nothing from the hashes that
// were reproduced on refused requests; and the scope of folders that accepted
// nothing, unless the signer takes that scope for observed addresses, too,
// and these are refused.
func (a *analysis) guess() {
	for _, p := range a.proofs {
		p.showsScope()
	}
	for _, h := range a.hosts {
		h.policy.Guessed = h.policy.Total == 0
		h.policy.Told = a.survey.toldIn
	}
	for w, t := range a.survey.denied {
		if p := &w.host.policy; p.Guessed && t.Links > a.survey.plainly[w].Of() {
			if p.Denied == nil {
				p.Denied = map[policy.Rule]bool{}
			}
			p.Denied[w.Rule] = true
		}
	}
	for w, t := range a.survey.plainly {
		if p := &w.host.policy; w.Scope == p.Other {
			p.Other = token.ScopeAuto
		}
		if w.host.policy.Guessed && !w.host.policy.Denied[w.Rule] {
			w.host.policy.Add(a.asText(w.Rule), t.Links)
		}
	}
	for _, p := range a.proofs {
		if p.host.policy.Guessed && p.mistake.Name == "" {
			p.host.policy.Add(policy.Rule{Hypothesis: p.how, Family: p.family}, 1)
		}
	}
	a.settle()
}
