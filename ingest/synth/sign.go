package synth

import (
	"crypto/md5"
	"encoding/base64"
	"net/netip"
	"time"
)

type signer struct {
	key     string
	message []byte
}

// into signs expires and path, already in the message, for an address.
func (s *signer) into(token *[22]byte, a netip.Addr) {
	s.message = a.AppendTo(s.message)
	s.message = append(append(s.message, ' '), s.key...)
	sum := md5.Sum(s.message)
	base64.RawURLEncoding.Encode(token[:], sum[:])
}

// clock renders log times, one second at a time.
type clock struct {
	second int64
	text   []byte
}

func (c *clock) at(t time.Time) []byte {
	if now := t.Unix(); now != c.second || c.text == nil {
		c.second = now
		c.text = t.AppendFormat(c.text[:0], "02/Jan/2006:15:04:05 -0700")
	}
	return c.text
}
