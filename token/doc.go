// Package token signs and verifies the links of CDNs that protect content with a token over expiry, path,
// client address and a shared secret: Gcore CDN secure token (and the other users of the same recipe, which is
// nginx's ngx_http_secure_link_module), the path token and the MP4 token of Gcore Video Streaming, any
// secure_link expression of nginx, and the schemes of bunny.net, KeyCDN, CDN77, CDNsun, Akamai, CloudFront,
// Fastly, Cloudflare and MediaVault. [Schemes] lists them, [SchemeNamed] takes their options.
//
// Bytes go in, verdicts come out. The package imports the standard library only, reads no clock,
// opens nothing and starts no goroutine: the caller hands in the request's target, the client
// address and the time of the request. [Verifier], [Parser] and [Trier] own scratch memory and
// belong to one goroutine each; after a few calls they allocate nothing.
//
// # How a request is judged
//
// The order is that of nginx (ngx_http_secure_link_module.c):
//
//  1. Shape. The target is read as nginx reads it: parameters raw, first occurrence, names without
//     regard to case, "&" as the only separator. No parameter at all is [Unsigned]; one missing, an
//     md5 that is not 16 bytes of base64url or an expires that is no positive decimal is [Malformed].
//  2. Hash, for the observed address under the [Policy]. Not reproduced: [WrongPath] where another
//     path scope reproduces it, else [UnresolvedSignature], with a [Detail] where a known mistake
//     of the signer reproduces it.
//     Where the link itself names the address it is bound to ([Link].Bound), a client outside it is
//     an [IPMismatch], with the hash reproduced or without any key.
//  3. Expiry. A link is late when its deadline lies before the request's time; in the second of the
//     deadline itself it is [Valid].
//
// # What is hashed
//
//	gcore        expires path address " " key
//	gcore-video  client "_" video "_" key "_" expires "_" address
//	gcore-mp4    path "_" key "_" expires "_" speed "_" buffer "_" address
//
// The path is nginx's $uri ([Link].Path), or its directory with the trailing slash; the address is
// missing in unbound links, and may be cut to a prefix ([Binding]). The other schemes, each in a file
// of its own, hash
//
//	nginx       as secure_link_md5 says
//	bunny       key path expires address parameters (MD5, SHA-256); path expires address parameters (HMAC-SHA-256)
//	keycdn      path key expire
//	cdn77       expires path key
//	cdnsun      expires path key ip
//	akamai      the token's fields, and the path where no acl is among them (HMAC)
//	cloudfront  the policy (RSA)
//	fastly      path ?query expires (HMAC-SHA-1)
//	cloudflare  path ?query issued (HMAC-SHA-256)
//	mediavault  key URL ?query
//
// # Why a link fails
//
// [Explain] says all that can be said about one link; an [Examiner] searches the mistakes of signers alone, for every
// scheme: it varies expiry, path, address, key and query, lets the scheme make its message of them, and reports
// only what reproduces the digest.
//
// To find the address a failing link was signed for, a [Trier] aims at it once and tries addresses
// at the price of one hash each.
package token
