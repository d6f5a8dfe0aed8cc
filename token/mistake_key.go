package token

import "strings"

func (e *Examiner) noSpace() bool {
	r := e.right
	r.spaceless = true
	return e.either(r)
}

func (e *Examiner) keyNewline() bool {
	r := e.right
	for _, r.after = range [...]string{"\n", "\r\n", "\r", " "} {
		if e.either(r) {
			return true
		}
	}
	return false
}

func (e *Examiner) undecodedKey() bool {
	r := e.right
	r.undecoded = true
	for _, r.after = range [...]string{"", "\n"} {
		if e.scheme.lock != nil && e.either(r) {
			return true
		}
	}
	return false
}

func (e *Examiner) emptyKey() bool {
	r := e.right
	r.key = Key{}
	if e.either(r) {
		return true
	}
	r.spaceless = true
	return e.either(r)
}

func (e *Examiner) noExpires() bool {
	r := e.right
	r.expires = nil
	return e.either(r)
}

// oldKey and otherHostKey have their turn once a client, not once a key.
func (e *Examiner) oldKey() bool {
	if !e.lead {
		return false
	}
	at, ok := e.withKeys(e.suspect.OldKeys)
	if ok {
		e.found.Key = at
	}
	return ok
}

func (e *Examiner) otherHostKey() bool {
	if !e.lead {
		return false
	}
	for host, keys := range e.suspect.OtherKeys {
		if e.found.Host != "" && e.found.Host <= host || strings.EqualFold(host, e.suspect.Host) {
			continue // of several hosts with that key the first by name
		}
		if at, ok := e.withKeys(keys); ok {
			e.found.Host, e.found.Key = host, at
		}
	}
	return e.found.Host != ""
}

func (e *Examiner) withKeys(keys []Key) (int, bool) {
	r := e.right
	for i, key := range keys {
		r.key = key
		if !key.IsZero() && e.either(r) {
			return i, true
		}
	}
	return 0, false
}
