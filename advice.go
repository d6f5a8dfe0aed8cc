package main

import (
	"fmt"

	"ipdrift/token"
)

// detailOtherPath is the detail of a link whose path and address both differ.
const detailOtherPath token.Detail = "other_path_and_address"

// advice is what a verdict means and what to do about it.
type advice struct{ why, do string }

// why words the verdict and the way out.
func (e *explanation) why() (why, do string) {
	a, ok := adviceOn(e.result.Detail)
	if !ok {
		a = e.adviceOnVerdict()
	}
	return a.why, a.do
}

func (e *explanation) adviceOnVerdict() advice {
	switch e.result.Verdict {
	case token.Valid:
		return advice{"the hash holds and the link is in time: the token is not why it was refused, if it was",
			"look at the other rules of the edge (country, referer, user agent, address list) and at the origin"}
	case token.Expired:
		return advice{"the hash holds, but the link was late", "a fresh link; for long playback a longer lifetime, or links renewed by the player"}
	case token.IPMismatch:
		return advice{fmt.Sprintf("the link was signed for %s, the edge saw %s", e.signed, e.client), e.mismatchAdvice()}
	case token.ExpiredIPMismatch:
		return advice{fmt.Sprintf("the link was signed for %s, the edge saw %s, and it was late too", e.signed, e.client),
			"a fresh link; no mask would have saved this one"}
	case token.WrongPath:
		return advice{"the hash holds for another path than the one the edge hashes here", "sign the path that the edge hashes: the file itself, or its directory with the slash at the end"}
	case token.Unsigned:
		return advice{"the request has no token at all", "sign the link; if the page's link had a token, the player or a proxy does not forward the query string"}
	case token.UnresolvedSignature:
		return advice{e.unresolved(), "check the key of this host first; then ask the signer which address it saw, and name it with --try"}
	}
	if len(e.keys) == 0 {
		return advice{"there is no key for this host, so the hash was not checked", keyHint}
	}
	return advice{"the token cannot be checked", "look at the link itself"}
}

func (e *explanation) mismatchAdvice() string {
	if family(e.signed) != family(e.client) {
		return "site and CDN were reached over different address families: offer the same ones on both, or sign without an address"
	}
	return "one case proves no pattern: ipdrift analyze on the log tells how many users move, and which mask would accept them"
}

// unresolved says what was tried in vain.
func (e *explanation) unresolved() string {
	why := fmt.Sprintf("the hash holds for no path, binding or known mistake of a signer with %s", e.client)
	if e.tried > 0 {
		why += fmt.Sprintf(", nor for another address: %d tried", e.tried)
	}
	if !e.client.Unmap().Is4() {
		return why + "; IPv6 addresses are too many to search"
	}
	return why
}

// adviceOn is about the details, which say more than the verdict.
func adviceOn(d token.Detail) (advice, bool) {
	const signer = "correct the signer"
	a, ok := map[token.Detail]advice{
		token.DetailMissingMD5:     {"the link has an expiry but no md5", "the link was cut or built wrongly; look at how it was passed on"},
		token.DetailMissingExpires: {"the link has an md5 but no expires", "the link was cut, often at the &: quote it in shells, and write &amp; in HTML only"},
		token.DetailBadMD5:         {"md5 is not 16 bytes of base64url", "base64 with - and _ instead of + and /, without =: hexadecimal digits will not do; or the link was cut"},
		token.DetailBadExpires:     {"expires is not a positive decimal number", "Unix seconds, digits only"},
		token.DetailBadPath:        {"the path cannot be decoded: the edge answers 400", "percent-encode the path correctly"},
		token.DetailNoClient:       {"the link may be bound to an address, and none is known", "add --ip IP"},
		token.DetailNoAddress:      {"the link was signed without an address, where the edge hashes one", "sign with the viewer's address, or switch the binding off at the CDN"},
		token.DetailAddress:        {"the link was signed with an address, where the edge hashes none", "sign without an address, or switch the binding on at the CDN"},
		token.DetailNoMask:         {"the link was signed for the whole address, where the edge cuts it", "cut the address in the signer as the CDN is set"},
		token.DetailMasked:         {"the link was signed for an address cut otherwise than the edge cuts it", "make --mask and --mask-form of signer and CDN the same"},
		token.DetailEncodedPath:    {"the link was signed over the percent-encoded path; the edge hashes the decoded one", signer + ": hash the decoded path"},
		token.DetailNoSlash:        {"the link was signed over the directory without its slash at the end", signer + ": hash the directory with its slash"},
		token.DetailNoSpace:        {"the blank before the key was left out of the hash", signer + ": one blank stands before the key"},
		detailOtherPath:            {"the link was signed for another address and another path than the edge hashes", signer + ": both path and address"},
	}[d]
	return a, ok
}
