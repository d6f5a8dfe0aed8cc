package ingest

import (
	"slices"
	"strconv"
	"strings"

	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// RefusedElsewhere is the cause of a refusal that is not the token's fault.
const RefusedElsewhere = "refused_elsewhere"

// Causes lists the words of column cause, as table judged numbers them from 1.
func Causes() []string {
	return append(Verdicts(), RefusedElsewhere)
}

// Bases lists the words of column basis, as table judged numbers them from 1.
func Bases() []string { return []string{"recomputed", "edge_code", "inferred"} }

// scopes lists the words of column scope, as table signed numbers them from 1.
func scopes() (words []string) {
	for s := token.ScopeFile; s <= token.ScopeAncestor; s++ {
		words = append(words, s.String())
	}
	return words
}

// Verdicts lists the words of column verdict, as table judged numbers them from 0.
func Verdicts() []string {
	var out []string
	for v := token.Unchecked; ; v++ {
		if back, ok := token.ParseVerdict(v.String()); !ok || back != v {
			return out
		}
		out = append(out, v.String())
	}
}

// Place is the number under which a word stands in a list, from 1; 0 for none.
func Place(words []string, word string) uint8 { return uint8(slices.Index(words, word) + 1) }

// UnruledVerdict and UnruledBasis are the verdict and the basis of requests that table judged does not
// know: nothing about their links needs thought.
const (
	UnruledVerdict = uint8(token.Valid)
	UnruledBasis   = 1 // recomputed
)

// Unchanged and NoRefusal are the class of users in table visitor, and the reason.
const (
	Unchanged = "unchanged"
	NoRefusal = "no request was refused because of its address"
)

// views is views.sql with the words filled in.
func views() string {
	list := fetch.QuotedList
	return strings.NewReplacer("$verdicts", list(Verdicts()), "$causes", list(Causes()), "$bases", list(Bases()), "$scopes", list(scopes()), "$unchanged", Unchanged, "$reason", NoRefusal, "$valid", strconv.Itoa(int(UnruledVerdict)), "$recomputed", strconv.Itoa(UnruledBasis)).Replace(viewsSQL)
}
