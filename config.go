package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"ipdrift/token"
)

// configDoc says what a configuration file may hold.
const configDoc = `The file of --config is YAML. Keys stand in it by reference only:

  resources:
    - host: cdn.example.com          # or hosts: [a.example.com, b.example.com]
      keys:
        - file: secrets/cdn.key      # relative to the configuration file
        - env: CDN_KEY               # or from the environment
    - host: "*"                      # every host that is not named
      scheme: gcore                  # the same for all resources
      keys: [{file: secrets/rest.key}]`

// config is a configuration file. Values are kept as nodes, which know their
// line.
type config struct {
	Resources []resource `yaml:"resources"`
	User      yaml.Node  `yaml:"user"`
	Privacy   yaml.Node  `yaml:"privacy"`
}

type resource struct {
	Host    yaml.Node   `yaml:"host"`
	Hosts   []yaml.Node `yaml:"hosts"`
	Scheme  yaml.Node   `yaml:"scheme"`
	Keys    []keyRef    `yaml:"keys"`
	BindIP  yaml.Node   `yaml:"bind_ip"`
	Scope   yaml.Node   `yaml:"scope"`
	Mask    yaml.Node   `yaml:"mask"`
	Expired yaml.Node   `yaml:"expired_status"`
}

type keyRef struct {
	File      yaml.Node `yaml:"file"`
	Env       yaml.Node `yaml:"env"`
	NotBefore yaml.Node `yaml:"not_before"`
	NotAfter  yaml.Node `yaml:"not_after"`
}

// configFile is a configuration file being read.
type configFile struct {
	path   string
	keys   []keyText
	seen   map[string]int // host → line
	scheme yaml.Node      // of the first resource that names one
}

// readConfig returns the scheme that a configuration file names, "" if it names
// none, and its keys.
func readConfig(path string) (scheme string, keys []keyText, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", nil, failed("", "--config: %s: %w", path, withoutPath(err))
	}
	c := &configFile{path: path, seen: map[string]int{}}
	var parsed config
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&parsed); err != nil && !errors.Is(err, io.EOF) {
		return "", nil, c.syntax(err)
	}
	if err := c.unused(map[string]yaml.Node{"user": parsed.User, "privacy": parsed.Privacy}); err != nil {
		return "", nil, err
	}
	if len(parsed.Resources) == 0 {
		return "", nil, c.wrong(1, "no resources")
	}
	for _, r := range parsed.Resources {
		if err := c.resource(r); err != nil {
			return "", nil, err
		}
	}
	return c.scheme.Value, c.keys, nil
}

// wrong is an error at a line of the file.
func (c *configFile) wrong(line int, format string, args ...any) error {
	return failed(`"ipdrift analyze --help" shows what the file may hold`, "%s:%d: %s", c.path, line, fmt.Sprintf(format, args...))
}

// syntax puts an error of the YAML decoder into the form of ours. The values
// that the decoder quotes are left out: one might be a key.
func (c *configFile) syntax(err error) error {
	var te *yaml.TypeError
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.As(err, &te) && len(te.Errors) > 0 {
		text = te.Errors[0]
	}
	line, what := 1, text
	if _, err := fmt.Sscanf(text, "line %d:", &line); err == nil {
		_, what, _ = strings.Cut(text, ": ")
	}
	var field string
	if _, err := fmt.Sscanf(what, "field %s not found", &field); err == nil {
		return c.wrong(line, "unknown field %q", field)
	}
	if strings.HasPrefix(what, "cannot unmarshal") {
		_, into, _ := strings.Cut(what, " into ")
		what = "a value of the wrong kind: want " + map[bool]string{true: "a list", false: "a mapping"}[strings.HasPrefix(into, "[]")]
	}
	return c.wrong(line, "%s", what)
}

// unused refuses what the analysis would ignore; of several fields the first
// by name.
func (c *configFile) unused(fields map[string]yaml.Node) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if node := fields[name]; !node.IsZero() {
			return c.wrong(node.Line, "%s is not available yet: take it out, for nothing is ignored silently", name)
		}
	}
	return nil
}

func (c *configFile) resource(r resource) error {
	if err := c.unused(map[string]yaml.Node{"bind_ip": r.BindIP, "scope": r.Scope, "mask": r.Mask, "expired_status": r.Expired}); err != nil {
		return err
	}
	hosts := r.Hosts
	if !r.Host.IsZero() {
		hosts = append(hosts, r.Host)
	}
	if len(hosts) == 0 {
		return c.wrong(r.line(), "a resource without host")
	}
	if !r.Scheme.IsZero() {
		if err := c.oneScheme(r.Scheme); err != nil {
			return err
		}
	}
	if len(r.Keys) == 0 {
		return c.wrong(hosts[0].Line, "host %q has no keys", hosts[0].Value)
	}
	for _, host := range hosts {
		if err := c.host(host, r.Keys); err != nil {
			return err
		}
	}
	return nil
}

// line is where a resource stands, as far as its fields tell.
func (r *resource) line() int {
	for _, k := range r.Keys {
		return max(k.File.Line, k.Env.Line)
	}
	return max(1, r.Scheme.Line)
}

func (c *configFile) oneScheme(node yaml.Node) error {
	if _, err := token.SchemeNamed(node.Value); err != nil {
		return c.wrong(node.Line, "%s", err)
	}
	if !c.scheme.IsZero() && c.scheme.Value != node.Value {
		return c.wrong(node.Line, "scheme %q, but %q in line %d: one scheme for all resources, for now", node.Value, c.scheme.Value, c.scheme.Line)
	}
	c.scheme = node
	return nil
}

func (c *configFile) host(node yaml.Node, keys []keyRef) error {
	name := strings.ToLower(node.Value)
	if node.Kind != yaml.ScalarNode || name == "" || name != "*" && strings.ContainsAny(name, "*?[]/ ") {
		return c.wrong(node.Line, `host %q is not a host name, nor "*" for all others`, node.Value)
	}
	if line, ok := c.seen[name]; ok {
		return c.wrong(node.Line, "host %q is listed already in line %d", node.Value, line)
	}
	c.seen[name] = node.Line
	if name == "*" {
		name = ""
	}
	for _, k := range keys {
		if err := c.key(name, k, node.Line); err != nil {
			return err
		}
	}
	return nil
}

func (c *configFile) key(host string, k keyRef, line int) error {
	if err := c.unused(map[string]yaml.Node{"not_before": k.NotBefore, "not_after": k.NotAfter}); err != nil {
		return err
	}
	switch {
	case k.File.IsZero() == k.Env.IsZero():
		return c.wrong(max(line, k.File.Line), "a key is {file: PATH} or {env: NAME}")
	case !k.Env.IsZero():
		text := os.Getenv(k.Env.Value)
		if text == "" {
			return c.wrong(k.Env.Line, "the environment variable of this key is not set")
		}
		c.keys = append(c.keys, keyText{host, fmt.Sprintf("%s:%d", c.path, k.Env.Line), []byte(text)})
		return nil
	}
	path := k.File.Value
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(c.path), path)
	}
	text, err := readKeyFile(path)
	if err != nil {
		return c.wrong(k.File.Line, "the key file: %s", err)
	}
	c.keys = append(c.keys, keyText{host, fmt.Sprintf("%s:%d", c.path, k.File.Line), text})
	return nil
}
