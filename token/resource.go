package token

import "bytes"

// Resource is what is stated of the links of one host, as opposed to learned from its log.
type Resource struct {
	Scheme       *Scheme  // nil: that of all other hosts, when it is set
	Scope        Scope    // ScopeAuto: not stated
	Bind4, Bind6 *Binding // of IPv4 and IPv6 addresses; nil: not stated
	Expired      uint16   // HTTP status that answers expired links; 0: not stated
}

// Resources holds what is stated, by host; [NewResources] makes one. Concurrent calls are safe as long as nobody
// calls [Resources.Set].
type Resources struct {
	rest  Resource // of all other hosts
	hosts map[string]Resource
}

// NewResources states one scheme for all hosts, nothing else.
func NewResources(s *Scheme) *Resources {
	return &Resources{rest: Resource{Scheme: s}, hosts: map[string]Resource{}}
}

// Set states what is known of a host, in the place of what was stated before; host "" stands for every host of which
// nothing is stated. Case, port and trailing dot of the host do not matter.
func (r *Resources) Set(host string, x Resource) {
	if x.Scheme == nil {
		x.Scheme = r.rest.Scheme
	}
	if host == "" {
		r.rest = x
		return
	}
	r.hosts[string(bytes.ToLower(bareHost([]byte(host))))] = x
}

// For returns what is stated of a host; its Scheme is never nil. It allocates only for hosts with upper-case letters.
func (r *Resources) For(host []byte) Resource {
	if len(r.hosts) == 0 {
		return r.rest
	}
	host = bareHost(host)
	x, ok := r.hosts[string(host)]
	if !ok {
		x, ok = r.hosts[string(bytes.ToLower(host))]
	}
	if !ok {
		return r.rest
	}
	return x
}

// Names reports whether something is stated of a host by its name.
func (r *Resources) Names(host []byte) bool {
	_, ok := r.hosts[string(bytes.ToLower(bareHost(host)))]
	return ok
}
