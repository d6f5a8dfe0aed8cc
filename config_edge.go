package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

// edge reads what a resource states of its links.
func (c *configFile) edge(r *resource) (says token.Resource, err error) {
	if err := c.words(r); err != nil {
		return says, err
	}
	if says.Scheme, err = c.scheme(r.Scheme); err != nil {
		return says, err
	}
	if text := r.Scope.Value; text != "" {
		if !slices.Contains(scopeWords(), text) {
			return says, c.wrong(r.Scope.Line, "scope is auto, file or dir")
		}
		says.Scope, _ = token.ParseScope(text)
	}
	if text := r.Expired.Value; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 300 || n > 599 {
			return says, c.wrong(r.Expired.Line, "expired_status is an HTTP status such as 403 or 410")
		}
		says.Expired = uint16(n)
	}
	return says, c.binding(r, &says)
}

// words refuses lists and mappings where a word stands.
func (c *configFile) words(r *resource) error {
	for _, w := range []struct {
		name string
		node yaml.Node
	}{{"scheme", r.Scheme}, {"scope", r.Scope}, {"expired_status", r.Expired}, {"form", r.Mask.Form}} {
		if !w.node.IsZero() && w.node.Kind != yaml.ScalarNode {
			return c.wrong(w.node.Line, "%s is a single word, written out", w.name)
		}
	}
	return nil
}

// scheme makes one of each name; nil is the one of all other hosts.
func (c *configFile) scheme(node yaml.Node) (*token.Scheme, error) {
	name := node.Value
	if name == "" {
		return nil, nil
	}
	if c.schemes[name] == nil {
		s, err := token.SchemeNamed(name)
		if err != nil {
			return nil, c.wrong(node.Line, "%s", err)
		}
		c.schemes[name] = s
	}
	return c.schemes[name], nil
}

// binding reads bind_ip and mask.
func (c *configFile) binding(r *resource, says *token.Resource) error {
	var bound, stated bool
	if stated = !r.BindIP.IsZero(); stated {
		if err := r.BindIP.Decode(&bound); err != nil {
			return c.wrong(r.BindIP.Line, "bind_ip is true or false")
		}
	}
	switch m := &r.Mask; {
	case stated && bound:
		says.Bind4, says.Bind6 = &token.Binding{}, &token.Binding{}
	case stated && (!m.IPv4.IsZero() || !m.IPv6.IsZero()):
		return c.wrong(r.BindIP.Line, "bind_ip: false goes with no mask")
	case stated:
		says.Bind4, says.Bind6 = &token.Binding{Kind: token.BindNone}, &token.Binding{Kind: token.BindNone}
	}
	form := c.form
	if text := r.Mask.Form; text.Value != "" {
		var ok bool
		if form, ok = token.ParseForm(text.Value); !ok {
			return c.wrong(text.Line, "form is network, cidr, octets or octets-dot")
		}
	}
	for _, m := range []struct {
		node  yaml.Node
		whole int
		to    **token.Binding
	}{{r.Mask.IPv4, 32, &says.Bind4}, {r.Mask.IPv6, 128, &says.Bind6}} {
		if m.node.IsZero() {
			continue
		}
		n, err := strconv.Atoi(m.node.Value)
		if err != nil || n < 1 || n > m.whole {
			return c.wrong(m.node.Line, "a mask is a prefix length from 1 to %d", m.whole)
		}
		if *m.to = (&token.Binding{Kind: token.BindMask, Prefix: uint8(n), Form: form}); n == m.whole {
			*m.to = &token.Binding{}
		}
	}
	return nil
}

// span reads when a key is in use.
func (c *configFile) span(k *keyRef) (s token.Span, err error) {
	if s.From, err = c.time("not_before", k.NotBefore); err != nil {
		return s, err
	}
	if s.Until, err = c.time("not_after", k.NotAfter); err != nil {
		return s, err
	}
	if s.Until != 0 && s.Until <= s.From {
		return s, c.wrong(k.NotAfter.Line, "not_after does not lie behind not_before")
	}
	return s, nil
}

func (c *configFile) time(name string, node yaml.Node) (int64, error) {
	if node.IsZero() {
		return 0, nil
	}
	if day, err := time.Parse(time.DateOnly, node.Value); err == nil {
		return day.Unix(), nil
	}
	t, err := instant(name, node.Value)
	if err != nil {
		return 0, c.wrong(node.Line, "%s is no time; %s", name, timeHint)
	}
	return t.Unix(), nil
}

// names reads what a log calls our fields.
func (c *configFile) names(given map[string]yaml.Node) error {
	if len(given) == 0 {
		return nil
	}
	c.columns = format.Map{}
	for field, node := range given {
		known := slices.ContainsFunc(format.MapFields(), func(doc string) bool { return strings.HasPrefix(doc, field+":") })
		if !known {
			return c.wrong(node.Line, "map: there is no field%s; \"ipdrift formats\" lists the fields", named(field))
		}
		if node.Kind != yaml.ScalarNode || node.Value == "" {
			return c.wrong(node.Line, "map: %s is the name of a column or key", field)
		}
		c.columns[field] = node.Value
	}
	return nil
}
