package detect

import (
	"cmp"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// snippets adds signing code to the recommendations of a mask. A family for
// which none is recommended stays as it is today. There is code for the gcore
// scheme alone.
func (a *analysis) snippets() {
	recs := a.out.Recommendations
	advised := map[string]int{} // by host and family
	for _, r := range recs {
		if r.Prefix != nil {
			advised[r.Host+" "+r.Family] = *r.Prefix
		}
	}
	for i := range recs {
		r := &recs[i]
		h := a.hosts[r.Host]
		if r.Prefix == nil || h.Stated.Scheme.Name != token.Schemes()[0].Name {
			continue
		}
		edge := h.Policy.Edge()
		recipe := token.Recipe{Dir: edge.Scope == token.ScopeDir, Prefix4: int(edge.Prefix4), Prefix6: int(edge.Prefix6), Form: a.Form}
		if h.Policy.Masks() {
			recipe.Form = edge.Form
		}
		recipe.Prefix4 = cmp.Or(advised[r.Host+" ipv4"], recipe.Prefix4)
		recipe.Prefix6 = cmp.Or(advised[r.Host+" ipv6"], recipe.Prefix6)
		for _, lang := range token.Langs() {
			r.Snippets = append(r.Snippets, finding.Snippet{Lang: lang, Code: token.SigningCode(lang, recipe), Form: recipe.Form.String()})
		}
	}
}
