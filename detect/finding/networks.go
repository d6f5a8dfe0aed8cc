package finding

// Networks is how links of a token scheme get bound to a network in the place of an address.
type Networks int

// The ways.
const (
	BySetting    Networks = iota // the edge cuts addresses, as it is set to, and the signer does the same
	ByLink                       // the link itself names the network, and the edge takes its word
	Undocumented                 // the vendor's documentation knows whole addresses alone
)

// NetworksOf is the way of a scheme, by its name. CloudFront's custom policies (IpAddress) and MediaVault's ip take a range in
// CIDR notation; the libraries of Akamai, bunny.net and CDNsun sign for one address, and no page of theirs names a mask. Where
// each is described stands in the Source of its [ipdrift/token.Scheme].
func NetworksOf(scheme string) Networks {
	switch scheme {
	case "cloudfront", "mediavault":
		return ByLink
	case "akamai", "bunny", "cdnsun":
		return Undocumented
	}
	return BySetting
}

// HidesAddress reports whether only its hash tells for which address a link of the scheme was signed. Others name it, or are
// bound to none, so that a hash which does not hold leaves no address in doubt.
func HidesAddress(scheme string) bool {
	switch scheme {
	case "akamai", "cdnsun", "cloudfront", "mediavault", "keycdn", "cdn77", "fastly", "cloudflare":
		return false
	}
	return true
}
