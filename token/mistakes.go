package token

// Mistake is one known way of signing a link wrongly, or of spoiling one that was signed right.
type Mistake struct {
	Name string // as in the detail "signer:no_space"
	Says string // one sentence: what was hashed or sent instead
	Fix  string // one sentence: what to change
}

// Detail returns the verdict detail that names the mistake; "" for the zero Mistake.
func (m Mistake) Detail() Detail {
	if m.Name == "" {
		return ""
	}
	return Detail("signer:" + m.Name)
}

// Mistakes returns the table of known mistakes in the order in which an [Examiner] tries them. Names are
// unique. Those that [Verifier] finds at little cost bear the same names in its details.
func Mistakes() []Mistake {
	var out []Mistake
	for _, h := range hypotheses() {
		out = append(out, h.Mistake)
	}
	return out
}

// place is the line of signing code that a mistake concerns.
type place uint8

const (
	placeKey place = iota
	placePath
	placeExpires
	placeAddress
	placeText
	placeDigest
	placeURL
	placeViewer // nothing in the signer
)

// hypothesis is a mistake with the search that proves it: try reports whether a hash is reproduced.
type hypothesis struct {
	Mistake
	place place
	try   func(*Examiner) bool // nil: seen when the target is read, and proven by the hash holding after the repair
}

// Names that the code mentions in more than one place.
const (
	mistakeHTML       = "html_ampersand"
	mistakeQuestion   = "double_query"
	mistakePunctuated = "punctuation"
	mistakeLowered    = "lowercased_url"
	mistakeHex        = "hex_digest"
	mistakeStandard   = "standard_base64"
	mistakePadded     = "padded_base64"
	mistakeEscaped    = "encoded_token"
	mistakeOfHex      = "base64_of_hex"
	mistakeKept       = "kept_padding"
	mistakeBase64     = "base64_digest"
	mistakeUpperHex   = "upper_hex"
	mistakeExpiryText = "expiry_text"
	mistakeMillis     = "ms_expiry"
	mistakeRelative   = "relative_expiry"
	mistakePrivate    = "private_address"
	mistakeFile       = "file_signed"
	mistakeDir        = "dir_signed"
	mistakeParent     = "parent_dir"
)

func hypotheses() []hypothesis {
	var all []hypothesis
	for _, group := range [][]hypothesis{spoiledLinks(), wrongScopes(), wrongAddresses(), wrongPaths(), wrongTexts(), wrongExpiries(), wrongKeys(), wrongMachine()} {
		all = append(all, group...)
	}
	return all
}

func spoiledLinks() []hypothesis {
	return []hypothesis{
		{Mistake{mistakeHTML, "the link was sent with &amp; between its parameters, so that the edge sees one named amp;expires",
			"write &amp; only inside HTML, and the bare & everywhere else (Location headers, JSON, playlists, scripts)"}, placeURL, nil},
		{Mistake{mistakeQuestion, "the link has two question marks, so that the edge takes the second for a part of a value",
			"join further parameters with & where the URL has a question mark already"}, placeURL, nil},
		{Mistake{mistakePunctuated, "a punctuation mark that followed the link in a text was taken for a part of it",
			"send links as real links (an <a> element, or <URL> in plain text), not as bare text before a full stop or bracket"}, placeViewer, nil},
		{Mistake{mistakeLowered, "the link's token was turned into lower-case letters on its way; it agrees with the right one but for the case",
			"keep the case of the URL: look for a tolower in a proxy, a URL shortener, a search index or a redirect"}, placeViewer, nil},
		{Mistake{mistakeHex, "the digest was sent as hexadecimal digits instead of base64url",
			"take the 16 raw bytes of the MD5 and encode them as base64url without padding"}, placeDigest, nil},
		{Mistake{mistakeStandard, "the digest was sent in standard base64, with + and / in it, instead of base64url",
			"replace + by - and / by _ in the token, and cut the = off"}, placeDigest, nil},
		{Mistake{mistakePadded, "the token was sent with its padding percent-encoded (%3D), which the edge does not decode",
			"cut the = off the token"}, placeDigest, nil},
		{Mistake{mistakeEscaped, "characters of the token were percent-encoded, which the edge does not decode",
			"put the base64url token into the URL as it is, without URL-encoding it"}, placeURL, nil},
		{Mistake{mistakeOfHex, "the hexadecimal text of the MD5 was base64-encoded instead of its 16 raw bytes",
			"take the raw bytes of the MD5 (md5(…, true), digest()), not its hexadecimal text, before base64url"}, placeDigest, nil},
		{Mistake{mistakeKept, "the token was sent with the = of its padding, which the edge does not take",
			"cut the = off the token"}, placeDigest, nil},
		{Mistake{mistakeBase64, "the digest was sent in base64 instead of hexadecimal digits",
			"write the digest in hexadecimal digits, in lower case"}, placeDigest, nil},
		{Mistake{mistakeUpperHex, "the digest was sent in capital hexadecimal digits, where the edge takes lower case alone",
			"write the digest in lower case"}, placeDigest, nil},
	}
}

func wrongScopes() []hypothesis {
	return []hypothesis{
		{Mistake{mistakeFile, "the path of the file was hashed, where the edge hashes its directory",
			"hash the directory with its slash at the end"}, placePath, (*Examiner).fileSigned},
		{Mistake{mistakeDir, "the directory was hashed, where the edge hashes the whole path of the file",
			"hash the whole path of the file"}, placePath, (*Examiner).dirSigned},
		{Mistake{mistakeParent, "a directory further up was hashed; a token covers one directory, not those below it",
			"make one token for each directory that holds files"}, placePath, (*Examiner).parentDir},
	}
}

func wrongAddresses() []hypothesis {
	return []hypothesis{
		{Mistake{"no_address", "no client address was hashed, where the edge hashes one",
			"hash the viewer's address, or switch the address binding off at the CDN"}, placeAddress, (*Examiner).noAddress},
		{Mistake{"address", "a client address was hashed, where the edge hashes none",
			"leave the address out, or switch the address binding on at the CDN"}, placeAddress, (*Examiner).address},
		{Mistake{"no_mask", "the whole client address was hashed, where the edge cuts it to a prefix",
			"cut the address as the CDN is set to"}, placeAddress, (*Examiner).noMask},
		{Mistake{"address_text", "the text of the client address was hashed, where the edge hashes its 4 or 16 bytes",
			"hash the address in network byte order (inet_pton, packed, AsSlice), not its text"}, placeAddress, (*Examiner).addressText},
		{Mistake{"masked", "the client address was cut to another prefix or written in another form than the edge does",
			"use the prefix length and the text form of the CDN for the address"}, placeAddress, (*Examiner).maskedAddress},
		{Mistake{"upper_ipv6", "the IPv6 address was hashed in upper-case letters",
			"write the IPv6 address in lower case, as RFC 5952 has it"}, placeAddress, (*Examiner).upperIPv6},
		{Mistake{"expanded_ipv6", "the IPv6 address was hashed with its zeros written out",
			"write the IPv6 address in its short form, as RFC 5952 has it"}, placeAddress, (*Examiner).expandedIPv6},
		{Mistake{"bracketed_ipv6", "the IPv6 address was hashed in square brackets",
			"take the brackets off the address"}, placeAddress, (*Examiner).bracketedIPv6},
		{Mistake{"mapped_ipv6", "the IPv4-mapped form (::ffff:) of the address was hashed instead of the plain one, or the reverse",
			"cut ::ffff: off the addresses of a dual-stack socket"}, placeAddress, (*Examiner).mappedIPv6},
		{Mistake{"integer_address", "the client's IPv4 address was hashed as one number",
			"hash the address in dotted form"}, placeAddress, (*Examiner).integerAddress},
		{Mistake{"address_list", "a whole list of addresses (X-Forwarded-For) was hashed instead of one",
			"hash one address only: the one your own trusted proxy added"}, placeAddress, (*Examiner).addressList},
		{Mistake{"placeholder_address", "a word such as unknown or null was hashed in place of the client's address",
			"look at why the signer does not know the address, and sign nothing without it"}, placeAddress, (*Examiner).placeholder},
	}
}

func wrongPaths() []hypothesis {
	return []hypothesis{
		{Mistake{"encoded_path", "the percent-encoded or unnormalised path was hashed, where the edge hashes the decoded one",
			"decode the path once before hashing, and link to it without double slashes and dot segments"}, placePath, (*Examiner).encodedPath},
		{Mistake{"decoded_path", "the path was hashed in another spelling than the link has, decoded or encoded otherwise, where the edge hashes it as the link has it",
			"hash the path as it stands in the link, percent-encoded"}, placePath, (*Examiner).decodedPath},
		{Mistake{"double_decoded", "the path was percent-decoded twice before hashing",
			"decode the path exactly once"}, placePath, (*Examiner).doubleDecoded},
		{Mistake{"plus_as_space", "a + of the path was decoded to a blank before hashing, as in forms",
			"use the decoder for paths (rawurldecode, unquote, decodeURIComponent, url.PathUnescape), which leaves + alone"}, placePath, (*Examiner).plusAsSpace},
		{Mistake{"no_slash", "the directory was hashed without the slash at its end",
			"keep the slash at the end of the directory"}, placePath, (*Examiner).noSlash},
		{Mistake{"extra_slash", "the path was hashed with a slash at its beginning or its end that the edge leaves out",
			"cut that slash off before hashing"}, placePath, (*Examiner).extraSlash},
		{Mistake{"no_leading_slash", "the path was hashed without the slash at its beginning",
			"begin the path with a slash"}, placePath, (*Examiner).noLeadingSlash},
		{Mistake{"double_slash", "the path was hashed with two slashes at its beginning",
			"join host, directory and file with one slash each"}, placePath, (*Examiner).doubleSlash},
		{Mistake{"file_name", "the name of the file alone was hashed, without its directories",
			"hash the whole path, from the first slash on"}, placePath, (*Examiner).fileName},
		{Mistake{"lowercased_path", "the path was turned into lower-case letters before hashing",
			"hash the path in the case the link has"}, placePath, (*Examiner).lowercasedPath},
		{Mistake{"uppercased_path", "the path was turned into upper-case letters before hashing",
			"hash the path in the case the link has"}, placePath, (*Examiner).uppercasedPath},
		{Mistake{"latin1_path", "letters of the path were hashed in Latin-1 (ISO 8859-1) where they are UTF-8 in the link, or the reverse, or in UTF-8 twice over",
			"hash the bytes that the percent-encoded path of the link stands for, and write paths in UTF-8"}, placePath, (*Examiner).latinPath},
		{Mistake{"unicode_form", "letters of the path were hashed in another Unicode form than the link has: accents apart (NFD, as macOS names files) or together (NFC)",
			"bring paths into one form (NFC) before both hashing and linking"}, placePath, (*Examiner).unicodeForm},
		{Mistake{"full_url", "scheme and host, or the host, were hashed together with the path",
			"hash the path alone, from the first slash after the host on"}, placePath, (*Examiner).fullURL},
		{Mistake{"path_with_query", "the query string was hashed together with the path",
			"hash the path alone, up to the question mark"}, placePath, (*Examiner).pathWithQuery},
		{Mistake{"no_query", "the query string was left out of the hash, where the edge hashes it",
			"hash the query as the link has it, and add nothing to it after signing"}, placePath, (*Examiner).noQuery},
		{Mistake{"other_origin", "the URL was hashed with another scheme or host than it was requested with, or without them",
			"hash the URL as the viewer requests it, from http:// or https:// on"}, placePath, (*Examiner).otherOrigin},
	}
}

func wrongTexts() []hypothesis {
	return []hypothesis{
		{Mistake{"no_space", "the space before the key was left out",
			"put one space between the address (or the path, in links without one) and the key"}, placeText, (*Examiner).noSpace},
		{Mistake{"key_newline", "the key was hashed with a newline or blank at its end",
			"trim the key after reading it from its file or variable"}, placeKey, (*Examiner).keyNewline},
		{Mistake{"wrapped_key", "the key was hashed with quotes, a blank, a semicolon, a byte order mark or a zero byte around it",
			"take what is no part of the key off after reading it from its file or variable"}, placeKey, (*Examiner).wrappedKey},
		{Mistake{"wrapped_address", "the client's address was hashed with something around it: a blank, quotes, for= or its prefix length",
			"hash the address alone: read the header that holds it as what it is, and trim it"}, placeAddress, (*Examiner).wrappedAddress},
		{Mistake{"wrong_order", "expiry, path, address and key were hashed in another order than the edge has, or with something between them",
			"put them together as the edge does"}, placeText, (*Examiner).wrongOrder},
		{Mistake{"undecoded_key", "hexadecimal digits or base64 that stand for the key were used, where the edge uses the key itself",
			"decode the key before using it (base64 of Kubernetes secrets and of Fastly, hexadecimal digits of Akamai)"}, placeKey, (*Examiner).undecodedKey},
		{Mistake{"decoded_key", "the key was decoded as hexadecimal digits or base64, where the edge uses its text",
			"use the text of the key as it is, without decoding it"}, placeKey, (*Examiner).decodedKey},
		{Mistake{"empty_key", "an empty key was hashed: anybody can make such links",
			"look at why the signer's key is empty, and let it refuse to start without one"}, placeKey, (*Examiner).emptyKey},
		{Mistake{"no_expires", "the expiry was left out of the hash",
			"begin the hashed text with the expiry, written as in the link"}, placeText, (*Examiner).noExpires},
		{Mistake{"utf16_text", "the text was hashed in UTF-16, two bytes a character, where the edge hashes UTF-8",
			"hash the bytes of the text in UTF-8 (Encoding.UTF8, StandardCharsets.UTF_8, VARCHAR instead of NVARCHAR)"}, placeDigest, (*Examiner).wideText},
		{Mistake{"other_hash", "the text was hashed with SHA-1 or SHA-256, where the edge hashes it with MD5",
			"hash with MD5"}, placeDigest, (*Examiner).otherHash},
		{Mistake{"hmac", "an HMAC was made with the key, where the edge takes a plain MD5 of a text that holds the key",
			"put the key into the text and hash it with MD5, without HMAC"}, placeDigest, (*Examiner).hmac},
	}
}

func wrongExpiries() []hypothesis {
	return []hypothesis{
		{Mistake{mistakeMillis, "the expiry was hashed and sent in milliseconds, which the edge takes for a time far off, or for none",
			"divide the clock's milliseconds by 1000 and cut the fraction off, before hashing and sending"}, placeExpires, nil},
		{Mistake{"ms_sent", "the expiry was hashed in seconds and sent in milliseconds",
			"send the very text of the expiry that was hashed, in seconds"}, placeURL, (*Examiner).msSent},
		{Mistake{"ms_hashed", "the expiry was hashed in milliseconds and sent in seconds",
			"hash the very text of the expiry that is sent, in seconds"}, placeExpires, (*Examiner).msHashed},
		{Mistake{mistakeRelative, "the expiry was sent as a duration instead of a time",
			"add the lifetime to the present Unix time, and hash and send the sum"}, placeExpires, (*Examiner).relativeSent},
		{Mistake{"relative_hashed", "a duration was hashed as the expiry, and a time sent",
			"hash the very text of the expiry that is sent"}, placeExpires, (*Examiner).relativeHashed},
		{Mistake{mistakeExpiryText, "the expiry is written as something else than a plain whole number of Unix seconds",
			"write the expiry as whole Unix seconds, digits only, and hash that text"}, placeExpires, (*Examiner).expiryText},
		{Mistake{"edited_expiry", "the expiry in the link is not the one that was signed, which lies near: the link was edited",
			"nothing in the signer, if it hashes what it sends: the edge is right to refuse a link that a viewer edited"}, placeViewer, (*Examiner).editedExpiry},
	}
}

func wrongKeys() []hypothesis {
	return []hypothesis{
		{Mistake{"old_key", "an old key of this host was hashed",
			"give the signer the present key, or keep both keys at the CDN until the old links have expired"}, placeKey, (*Examiner).oldKey},
		{Mistake{"other_host_key", "the key of another host was hashed",
			"look up the key by the host that the link goes to"}, placeKey, (*Examiner).otherHostKey},
	}
}

// wrongMachine comes last, because it costs most.
func wrongMachine() []hypothesis {
	return []hypothesis{
		{Mistake{mistakePrivate, "a private or local address was hashed: the signer saw its own proxy, not the viewer",
			"take the viewer's address from the header your proxy sets (X-Forwarded-For, X-Real-IP), trusting that proxy only"}, placeAddress, (*Examiner).privateAddress},
		{Mistake{"address_port", "the client's address was hashed together with a port",
			"cut the port off the address"}, placeAddress, (*Examiner).addressPort},
	}
}

// MistakeNamed returns the mistake with a name, which may be one that only other releases know; no name is none.
func MistakeNamed(name string) Mistake {
	if name == "" {
		return Mistake{}
	}
	for _, m := range Mistakes() {
		if m.Name == name {
			return m
		}
	}
	return Mistake{Name: name}
}
