package token

import "strings"

func (e *Examiner) noSpace() bool {
	r := e.right
	r.spaceless = true
	return e.either(r)
}

func (e *Examiner) keyNewline() bool {
	r := e.right
	for _, r.after = range [...]string{"\n", "\r\n", "\r", " ", "\t"} {
		if e.either(r) {
			return true
		}
	}
	return false
}

// wrappedKey tries the key as it stands in files of settings, and as editors write files.
func (e *Examiner) wrappedKey() bool {
	r := e.right
	for _, around := range [...][2]string{{`"`, `"`}, {"'", "'"}, {"\ufeff", ""}, {"\ufeff", "\n"}, {" ", ""}, {"\n", ""}, {"", "\x00"}, {"", ";"}} {
		if r.before, r.after = around[0], around[1]; e.either(r) {
			return true
		}
	}
	return false
}

// orders are the orders of expiry, path, address and key, with a blank before the key (behind it where it
// comes first) and without, and the usual one with something between all of them.
var orders = func() (all []string) {
	for o := range strings.FieldsSeq("epak eapk peak paek aepk apek epka eakp peka pake aekp apke ekpa ekap pkea pkae akep akpe kepa keap kpea kpae kaep kape") {
		spaced := strings.Replace(o, "k", " k", 1)
		if o[0] == 'k' {
			spaced = "k " + o[1:]
		}
		all = append(all, o, spaced)
	}
	for between := range strings.SplitSeq(" :|_-,&", "") {
		all = append(all, strings.Join([]string{"e", "p", "a", "k"}, between))
	}
	return all
}()

// wrongOrder tries expiry, path, address and key in the other orders.
func (e *Examiner) wrongOrder() bool {
	if e.link.digest.algorithm.keyed() || e.whole() || e.scheme.ipText {
		return false
	}
	r := e.right
	for _, r.order = range orders {
		if e.over(r, ScopeFile, e.link.Path) || !e.scheme.fileOnly && e.over(r, ScopeDir, parent(e.link.Path)) {
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
