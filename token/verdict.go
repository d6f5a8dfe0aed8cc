package token

// Verdict is what a request's token amounts to. The zero value is [Unchecked].
type Verdict uint8

// The verdicts; [Verdict.String] gives the word used in reports, views and columns.
const (
	Unchecked           Verdict = iota // no key for this host, or its calibration failed
	Valid                              // hash reproduced for the observed address, not late
	Expired                            // hash reproduced for the observed address, late
	Malformed                          // the shape already fails: see the Detail
	IPMismatch                         // hash reproduced for another address
	ExpiredIPMismatch                  // hash reproduced for another address, and late
	WrongPath                          // hash reproduced for another path scope, observed address
	UnresolvedSignature                // well formed, hash not reproduced as the policy demands
	Unsigned                           // no token at all
)

// String returns the contract's word, such as "ip_mismatch"; "unknown" outside the range.
func (v Verdict) String() string {
	if int(v) >= len(verdictWords) {
		return "unknown"
	}
	return verdictWords[v]
}

var verdictWords = [9]string{"unchecked", "valid", "expired", "malformed", "ip_mismatch",
	"expired_ip_mismatch", "wrong_path", "unresolved_signature", "unsigned"}

// ParseVerdict is the inverse of [Verdict.String]; false for any other word.
func ParseVerdict(word string) (Verdict, bool) {
	for i, w := range verdictWords {
		if w == word {
			return Verdict(i), true
		}
	}
	return 0, false
}

// Detail says more about a verdict; "" where nothing more is known. A detail that begins with
// "signer:" names a mistake of the signer that reproduces the hash.
type Detail string

// The details of verdicts. Those from [DetailMissingMD5] to [DetailBadExpires] belong to [Malformed].
const (
	DetailMissingMD5     Detail = "missing_md5"         // expires without md5
	DetailMissingExpires Detail = "missing_expires"     // md5 without expires
	DetailBadMD5         Detail = "bad_md5"             // md5 is not 16 bytes of base64url
	DetailBadExpires     Detail = "bad_expires"         // expires is not a positive decimal below 2^63
	DetailMissingToken   Detail = "missing_token"       // expiry without digest, in a scheme whose digest is no plain MD5
	DetailBadToken       Detail = "bad_token"           // the digest is not of the form that such a scheme writes
	DetailBadAddress     Detail = "bad_address"         // the address that the link names cannot be read
	DetailBadPolicy      Detail = "bad_policy"          // cloudfront: the policy is no base64 of JSON with one statement
	DetailEarly          Detail = "not_yet_valid"       // requested before the time the link is valid from
	DetailAtExpiry       Detail = "at_expiry"           // refused within the log's time resolution of the expiry
	DetailBadPath        Detail = "bad_path"            // the edge answers 400 to this target, no path to hash
	DetailNoClient       Detail = "no_client"           // the link may be bound, but no client address is known
	DetailNoAddress      Detail = "signer:no_address"   // signed without an address, where addresses are bound
	DetailAddress        Detail = "signer:address"      // signed with an address, where none is bound
	DetailNoMask         Detail = "signer:no_mask"      // signed for the whole address, where it is cut to a prefix
	DetailMasked         Detail = "signer:masked"       // signed for an address cut otherwise than the edge cuts it
	DetailEncodedPath    Detail = "signer:encoded_path" // signed over the path before percent-decoding and normalising
	DetailNoSlash        Detail = "signer:no_slash"     // signed over the directory without its trailing slash
	DetailNoSpace        Detail = "signer:no_space"     // the space before the key was left out
)
