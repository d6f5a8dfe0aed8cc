package scenario

import (
	"crypto/md5"
	"encoding/base64"
	"net/netip"
	"strconv"
)

// Mistake is what a signer does wrong.
type Mistake string

// The mistakes, each with the verdict and detail that are true of its links.
const (
	ForeignKey     Mistake = "foreign_key"     // unresolved_signature
	NoAddress      Mistake = "no_address"      // unresolved_signature, signer:no_address
	NoSpace        Mistake = "no_space"        // unresolved_signature, signer:no_space
	NoSlash        Mistake = "no_slash"        // unresolved_signature, signer:no_slash; scope dir only
	WrongPath      Mistake = "wrong_path"      // wrong_path: the directory above
	Cut            Mistake = "cut"             // malformed, bad_md5: the token lost its end
	Hex            Mistake = "hex"             // malformed, bad_md5: 32 hexadecimal digits
	MissingExpires Mistake = "missing_expires" // malformed, missing_expires
	BadExpires     Mistake = "bad_expires"     // malformed, bad_expires: a date instead of seconds
)

// mistakes lists them all. The slice is the caller's.
func mistakes() []Mistake {
	return []Mistake{ForeignKey, NoAddress, NoSpace, NoSlash, WrongPath, Cut, Hex, MissingExpires, BadExpires}
}

// truth is the verdict and the detail of links with a mistake.
func (m Mistake) truth() (verdict, detail string) {
	switch m {
	case ForeignKey:
		return "unresolved_signature", ""
	case NoAddress, NoSpace, NoSlash:
		return "unresolved_signature", "signer:" + string(m)
	case WrongPath:
		return "wrong_path", ""
	case Cut, Hex:
		return "malformed", "bad_md5"
	}
	return "malformed", string(m)
}

// link is a signed URL but for its path: what the viewer's player sends.
type link struct {
	id      uint64
	signed  netip.Addr // the address it was signed for
	expires int64      // Unix seconds
	mistake Mistake
	query   []byte
}

// signer signs as Gcore's documentation says: MD5 over expires, path, address,
// one space, key.
type signer struct {
	key     string
	message []byte
}

// sign fills in the link's query. path is what the edge hashes, bound the
// address as the edge hashes it, invalid where it hashes none.
func (s *signer) sign(l *link, path []byte, bound netip.Addr) {
	key, space := s.key, " "
	switch l.mistake {
	case ForeignKey:
		key = "not-" + s.key
	case NoAddress:
		bound = netip.Addr{}
	case NoSpace:
		space = ""
	case NoSlash:
		path = path[:len(path)-1]
	case WrongPath:
		path = above(path)
	}
	m := append(strconv.AppendInt(s.message[:0], l.expires, 10), path...)
	if bound.IsValid() {
		m = bound.AppendTo(m)
	}
	s.message = append(append(m, space...), key...)
	l.write(md5.Sum(s.message))
}

// above is the directory above a directory, or that of a file.
func above(path []byte) []byte {
	end := len(path) - 1
	for end > 0 && path[end-1] != '/' {
		end--
	}
	return path[:end]
}

func (l *link) write(sum [md5.Size]byte) {
	q := append(l.query[:0], "md5="...)
	switch token := base64.RawURLEncoding.EncodeToString(sum[:]); l.mistake {
	case Cut:
		q = append(q, token[:19]...)
	case Hex:
		for _, b := range sum {
			q = append(q, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15])
		}
	case MissingExpires:
		l.query = append(q, token...)
		return
	case BadExpires:
		l.query = append(append(q, token...), "&expires=tomorrow"...)
		return
	default:
		q = append(q, token...)
	}
	l.query = strconv.AppendInt(append(q, "&expires="...), l.expires, 10)
}
