package token

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
)

// recipe is one set of ingredients that may have been hashed; the scheme makes the message of them.
type recipe struct {
	expires, path, address []byte
	origin                 []byte // scheme and host, where not those of the link
	moved                  bool   // to origin
	queryless              bool   // without what the scheme takes from the query
	spaceless              bool   // without the space before the key
	key                    Key
	order                  string    // of the ingredients by their letters, see [Examiner.wrongOrder]; "" for the scheme's
	before, after          string    // the key
	coding                 coding    // of the key
	keyless                bool      // without the key, which makes the HMAC alone
	digest                 algorithm // in place of MD5
	wide                   wide      // the text in UTF-16
}

// respelled is a key as a signer may have changed it.
type respelled struct {
	secret        *string
	before, after string
	coding        coding
}

// whole reports whether the hash does not depend on the path that a scope names.
func (e *Examiner) whole() bool { return e.scheme.whole || e.link.whole }

// keyOf returns the key of a recipe, which is made once: what the engine keeps goes by its address.
func (e *Examiner) keyOf(r recipe) Key {
	if r.key.IsZero() {
		return e.none
	}
	at := respelled{r.key.secret, r.before, r.after, r.coding}
	if at == (respelled{secret: r.key.secret}) {
		return r.key
	}
	key, ok := e.keys[at]
	if !ok {
		if len(e.keys) >= mostReady {
			clear(e.keys)
		}
		text := r.coding.of(e.scheme, r.before+*r.key.secret+r.after)
		key = Key{&text}
		e.keys[at] = key
	}
	return key
}

// append appends the message of a recipe. False where the recipe leaves out what is not there.
func (e *Examiner) append(dst []byte, r recipe, key Key) ([]byte, bool) {
	if r.order != "" {
		return r.inOrder(dst, key), true
	}
	if r.keyless {
		key = e.none
	}
	l := &e.varied
	*l = e.link
	e.vary(l, r)
	from := len(dst)
	dst = e.scheme.head(dst, l, r.path, key)
	if !e.scheme.ipText {
		dst = append(dst, r.address...)
	}
	dst = e.scheme.tail(dst, l, r.path, key)
	if !r.spaceless {
		return dst, true
	}
	e.spaced = key.append(append(e.spaced[:0], ' '))
	i := bytes.LastIndex(dst[from:], e.spaced)
	if i < 0 {
		return dst, false
	}
	return append(dst[:from+i], dst[from+i+1:]...), true
}

// inOrder appends the ingredients in the order of their letters, and what else is in it as it is.
func (r *recipe) inOrder(dst []byte, key Key) []byte {
	for i := range len(r.order) {
		switch c := r.order[i]; c {
		case 'e':
			dst = append(dst, r.expires...)
		case 'p':
			dst = append(dst, r.path...)
		case 'a':
			dst = append(dst, r.address...)
		case 'k':
			dst = key.append(dst)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// vary changes a copy of the link as the recipe says.
func (e *Examiner) vary(l *Link, r recipe) {
	if !bytes.Equal(r.expires, l.Expires) {
		if i := e.claim.dated; i > 0 {
			e.params = append(append(e.params[:0], l.Params[:i]...), r.expires...)
			l.Params = append(e.params, l.Params[i+len(l.Expires):]...)
			e.params = l.Params
		}
		l.Expires = r.expires
	}
	if e.statesAddress() {
		l.Params = r.address
	}
	if r.queryless {
		l.Params, l.query, l.fields = nil, nil, nil
	}
	if r.moved {
		l.origin, l.seen = r.origin, nil
	}
}

// shown is the message for people. An empty key stays empty.
func (e *Examiner) shown(r recipe) string {
	key := e.none
	if !r.key.IsZero() {
		text := r.before + keyShown + r.after
		if r.coding != "" && r.coding != undecoded {
			text = string(r.coding) + "(" + text + ")"
		}
		key = Key{&text}
	}
	message, _ := e.append(nil, r, key)
	return string(appendPrintable(nil, message))
}

// holds hashes a recipe and compares the digest with the link's. Where nothing reports whether the URL was requested by
// http or https, both are tried.
func (e *Examiner) holds(r recipe) bool {
	if e.digestHolds(r) {
		return true
	}
	if r.moved || !e.scheme.twofold(&e.link) {
		return false
	}
	e.link.insecure = true
	ok := e.digestHolds(r)
	e.link.insecure = ok
	return ok
}

func (e *Examiner) digestHolds(r recipe) bool {
	key, ok := e.keyOf(r), false
	if e.message, ok = e.append(e.message[:0], r, key); !ok {
		return false
	}
	if e.seeks != nothing {
		e.sift(e.message)
		return false
	}
	e.hashes++
	held := false
	if r.wide != narrow {
		e.text, e.message = e.message, r.wide.append(e.text[:0], e.message)
	}
	if r.digest != plainMD5 {
		held = e.engine.aim(e.scheme, digested{algorithm: r.digest}, key) &&
			subtle.ConstantTimeCompare(e.engine.sum(e.message)[:md5.Size], e.link.Sum[:]) == 1
	} else if e.link.digest.algorithm == plainMD5 {
		sum := md5.Sum(e.message)
		held = subtle.ConstantTimeCompare(sum[:], e.link.Sum[:]) == 1 || e.lowered(sum[:])
	} else if e.engine.aim(e.scheme, e.link.digest, key) {
		held = e.engine.holds(e.message) || e.claim.lower && e.lowered(e.engine.sum(e.message))
	}
	if held {
		e.hit = r
	}
	return held
}

// lowered reports whether a digest's text in lower-case letters is the link's.
func (e *Examiner) lowered(sum []byte) bool {
	if !e.claim.lower || !e.claim.folds(sum) {
		return false
	}
	e.claim.spoil(mistakeLowered)
	return true
}

// over tries a recipe with a path, which is what the scope names in whatever spelling.
func (e *Examiner) over(r recipe, s Scope, path []byte) bool {
	if len(path) == 0 {
		return false
	}
	r.path = path
	if !e.holds(r) {
		return false
	}
	e.found.Scope = s
	return true
}

// either tries a recipe over the paths that the scheme's tokens are for: the file and its directory, as a rule.
func (e *Examiner) either(r recipe) bool {
	if !e.whole() {
		return e.withFile(r, e.link.Path)
	}
	r.path = nil
	if !e.holds(r) {
		return false
	}
	for _, s := range [...]Scope{ScopeAncestor, ScopeFile, ScopeWhole} {
		if e.link.reaches(s) {
			e.found.Scope = s
		}
	}
	return true
}

// withFile tries a recipe over a spelling of the file's path and what belongs to it.
func (e *Examiner) withFile(r recipe, file []byte) bool {
	return e.over(r, ScopeFile, file) || e.withDir(r, parent(file))
}

func (e *Examiner) withDir(r recipe, dir []byte) bool {
	if e.scheme.fileOnly {
		return false
	}
	if e.over(r, ScopeDir, dir) {
		return true
	}
	return e.link.below && e.above(r, dir)
}

// above tries a recipe over the directories above one.
func (e *Examiner) above(r recipe, dir []byte) bool {
	most := maxUp
	if e.link.below {
		most = shownUp
	}
	for up := 1; up <= most && len(dir) > 1; up++ {
		dir = parent(dir[:len(dir)-1])
		e.found.Up = up
		if e.over(r, ScopeAncestor, dir) {
			return true
		}
	}
	e.found.Up = 0
	return false
}

func (e *Examiner) fileSigned() bool {
	return e.suspect.Policy.Scope == ScopeDir && e.over(e.right, ScopeFile, e.link.Path)
}

func (e *Examiner) dirSigned() bool {
	return (e.suspect.Policy.Scope == ScopeFile || e.scheme.fileOnly) && e.over(e.right, ScopeDir, parent(e.link.Path))
}

func (e *Examiner) parentDir() bool { return !e.link.below && e.above(e.right, parent(e.link.Path)) }
