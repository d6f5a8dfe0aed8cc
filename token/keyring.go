package token

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// Keyring holds keys by host. The zero value is empty and usable. Concurrent calls of its other methods
// are safe as long as nobody calls [Keyring.Add] or [Keyring.AddDuring].
type Keyring struct {
	hosts   map[string]hostKeys
	longest []Key // those of all hosts, without repetition, the longest first
	n       int
}

// hostKeys are the keys of one host, each with its span; spans is nil where none is limited.
type hostKeys struct {
	keys  []Key
	spans []Span
}

// Span is the time in which a key is in use, in Unix seconds: From inclusive, Until exclusive, 0 for no limit on that
// side. The zero Span is for ever; one whose Until does not lie behind its From holds nothing.
type Span struct{ From, Until int64 }

// Holds reports whether some second of [first,last] lies in the span. It is false where last lies before first.
func (s Span) Holds(first, last int64) bool {
	if s.From != 0 {
		first = max(first, s.From)
	}
	return first <= last && (s.Until == 0 || first < s.Until)
}

// Add gives a host one more key, for ever: it is [Keyring.AddDuring] with the zero [Span].
func (r *Keyring) Add(host string, k Key) { r.AddDuring(host, k, Span{}) }

// AddDuring gives a host one more key, in use during a span; host "" stands for every host without keys of its own.
// Case, port and trailing dot of the host do not matter. A zero key is left out, and so is one the host has already:
// the span given first stays.
func (r *Keyring) AddDuring(host string, k Key, s Span) {
	if r.hosts == nil {
		r.hosts = map[string]hostKeys{}
	}
	name := string(bytes.ToLower(bareHost([]byte(host))))
	h := r.hosts[name]
	if k.IsZero() || holds(h.keys, k) {
		return
	}
	if h.spans == nil && s != (Span{}) {
		h.spans = make([]Span, len(h.keys))
	}
	if h.spans != nil {
		h.spans = append(h.spans, s)
	}
	h.keys = append(h.keys, k)
	r.hosts[name] = h
	r.n++
	if !holds(r.longest, k) {
		i, _ := slices.BinarySearchFunc(r.longest, k, func(have, k Key) int { return cmp.Compare(len(*k.secret), len(*have.secret)) })
		r.longest = slices.Insert(r.longest, i, k)
	}
}

// Cut returns text with mark in the place of every key of the ring, whatever host it belongs to; text itself where it holds
// none. A nil ring holds none. Keys of fewer than 6 characters, which the Gcore portal refuses, stay: so short a text stands
// everywhere, and the holes would give it away. It costs one search per key.
func (r *Keyring) Cut(text []byte, mark string) []byte {
	if r == nil {
		return text
	}
	for _, k := range r.longest {
		if len(*k.secret) < shortKey {
			break
		}
		if bytes.Contains(text, []byte(*k.secret)) {
			text = bytes.ReplaceAll(text, []byte(*k.secret), []byte(mark))
		}
	}
	return text
}

// All returns the keys of all hosts without repetition, the longest first; of a nil ring none. The slice belongs to the ring.
func (r *Keyring) All() []Key {
	if r == nil {
		return nil
	}
	return r.longest
}

func holds(keys []Key, k Key) bool {
	return slices.ContainsFunc(keys, k.Equal)
}

// For returns the keys of a host in the order they were added, those of "" where it has none of its
// own, nil where there are none either. The slice belongs to the ring. It allocates only for hosts
// with upper-case letters.
func (r *Keyring) For(host []byte) []Key { return r.of(host).keys }

// Spans returns when the keys of a host are in use, one for each key that [Keyring.For] returns and in that order; nil where
// no key of the host is limited. The slice belongs to the ring.
func (r *Keyring) Spans(host []byte) []Span { return r.of(host).spans }

func (r *Keyring) of(host []byte) hostKeys {
	host = bareHost(host)
	h, ok := r.hosts[string(host)]
	if !ok {
		h, ok = r.hosts[string(bytes.ToLower(host))]
	}
	if !ok {
		h = r.hosts[""]
	}
	return h
}

// Names reports whether a host has keys of its own.
func (r *Keyring) Names(host []byte) bool {
	_, ok := r.hosts[string(bytes.ToLower(bareHost(host)))]
	return ok && len(host) > 0
}

// Hosts lists the hosts that have keys of their own, by name.
func (r *Keyring) Hosts() []string {
	if r == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(r.hosts))
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Len returns the number of keys, those of all hosts together.
func (r *Keyring) Len() int { return r.n }

// bareHost cuts port and trailing dot off; an IPv6 literal keeps its brackets.
func bareHost(host []byte) []byte {
	colon := bytes.LastIndexByte(host, ':')
	if colon > bytes.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	return bytes.TrimSuffix(host, []byte("."))
}

// InUse parts keys in those in use at a time, in Unix seconds, and the others. keys and spans are what [Keyring.For] and
// [Keyring.Spans] return. It allocates where some key is limited; otherwise it returns keys itself.
func InUse(keys []Key, spans []Span, when int64) (now, other []Key) {
	if spans == nil {
		return keys, nil
	}
	for i, k := range keys {
		if spans[i].Holds(when, when) {
			now = append(now, k)
		} else {
			other = append(other, k)
		}
	}
	return now, other
}
