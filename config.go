package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"ipdrift/ingest"
	"ipdrift/ingest/format"
	"ipdrift/token"
)

// configDoc says what a configuration file may hold.
const configDoc = `The file of --config is YAML. Keys stand in it by reference only:

  resources:
    - host: cdn.example.com          # or hosts: [a.example.com, b.example.com]
      scheme: gcore                  # see "ipdrift formats"; --scheme goes
                                     # before
      keys:
        - file: secrets/cdn.key      # relative to the configuration file
          not_before: 2026-11-01     # in use from then on: a date, RFC 3339 or
                                     # Unix seconds
        - env: OLD_CDN_KEY           # or from the environment
          not_after: 2026-11-01      # links signed with it later: old_key
    - host: "*"                      # every host that is not named
      keys: [{file: secrets/rest.key}]

What follows is learned from the log; what is stated here goes before it, unless hardly
any link that was served is like that. Where the log contradicts, the report says so. On
a resource:

      scope: dir                     # file, dir or auto
      bind_ip: true                  # false: no address is hashed
      mask: 24                       # or {ipv4: 24, ipv6: 64, form: network}
      expired_status: 410            # of expired links

Columns or keys of a log whose names are not the usual ones are named once for all files:

  map: {client_ip: cip, time: when}  # our field: the log's name; for the fields
                                     # see "ipdrift formats"

Who is one user is told as --user tells it, which goes before:

  user: query:uid                    # auto, token, query:NAME, cookie:NAME,
                                     # field:NAME or ip+ua

Pseudonyms in the place of client addresses, as --anonymize puts them:

  privacy: {anonymize: true, pseudonym_key: {file: secrets/pseudonym.key}}`

// config is a configuration file. Values are kept as nodes, which know their
// line.
type config struct {
	Resources []resource           `yaml:"resources"`
	Map       map[string]yaml.Node `yaml:"map"`
	User      yaml.Node            `yaml:"user"`
	Privacy   privacyRef           `yaml:"privacy"`
}

type resource struct {
	Host    yaml.Node   `yaml:"host"`
	Hosts   []yaml.Node `yaml:"hosts"`
	Scheme  yaml.Node   `yaml:"scheme"`
	Keys    []keyRef    `yaml:"keys"`
	BindIP  yaml.Node   `yaml:"bind_ip"`
	Scope   yaml.Node   `yaml:"scope"`
	Mask    maskRef     `yaml:"mask"`
	Expired yaml.Node   `yaml:"expired_status"`
}

// maskRef is a prefix length for IPv4, or a mapping.
type maskRef struct {
	IPv4 yaml.Node `yaml:"ipv4"`
	IPv6 yaml.Node `yaml:"ipv6"`
	Form yaml.Node `yaml:"form"`
}

func (m *maskRef) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		m.IPv4 = *node
		return nil
	}
	type plain maskRef
	return node.Decode((*plain)(m))
}

type keyRef struct {
	File      yaml.Node `yaml:"file"`
	Env       yaml.Node `yaml:"env"`
	NotBefore yaml.Node `yaml:"not_before"`
	NotAfter  yaml.Node `yaml:"not_after"`
}

// configFile is a configuration file being read.
type configFile struct {
	path      string
	form      token.Form // of a mask whose form the file does not state
	keys      []keyText
	resources []stated
	columns   format.Map // what the log calls our fields
	user      string     // who is one user, as --user tells it; "": not stated
	privacy   privacy
	files     []string                 // of keys
	schemes   map[string]*token.Scheme // by name, so that one scheme is one
	seen      map[string]int           // host → line
}

// stated is what a configuration says of one host; "" is every other.
type stated struct {
	host string
	token.Resource
}

// readConfig reads a configuration file. form is that of masks for which it states none.
func readConfig(path string, form token.Form) (*configFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, failed("", "--config: %s: %w", path, withoutPath(err))
	}
	c := &configFile{path: path, form: form, schemes: map[string]*token.Scheme{}, seen: map[string]int{}}
	var parsed config
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&parsed); err != nil && !errors.Is(err, io.EOF) {
		return nil, c.syntax(err)
	}
	var second yaml.Node
	if dec.Decode(&second) == nil && second.Content[0].Tag != "!!null" {
		return nil, c.wrong(second.Line, "a second document would not be read: put all into the first")
	}
	if err := c.private(&parsed.Privacy); err != nil {
		return nil, err
	}
	if err := c.identity(&parsed.User); err != nil {
		return nil, err
	}
	if err := c.names(parsed.Map); err != nil {
		return nil, err
	}
	if len(parsed.Resources) == 0 && len(parsed.Map) == 0 && c.user == "" && parsed.Privacy.Anonymize.IsZero() {
		return nil, c.wrong(1, "no resources")
	}
	for _, r := range parsed.Resources {
		if err := c.resource(r); err != nil {
			return nil, err
		}
	}
	return c, nil
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
		return c.wrong(line, "unknown field%s; there are %s", named(field), knownFields(what))
	}
	if strings.HasPrefix(what, "cannot unmarshal") {
		_, into, _ := strings.Cut(what, " into ")
		what = "a value of the wrong kind: want " + map[bool]string{true: "a list", false: "a mapping"}[strings.HasPrefix(into, "[]")]
	}
	if strings.HasPrefix(what, "unknown anchor") {
		what = "what begins with * is the name of an anchor in YAML, and there is none: put it in quotes"
	}
	return c.wrong(line, "%s", what)
}

// named quotes the name of a field, unless it could be a key that was pasted
// into the wrong place.
func named(field string) string {
	if len(field) > 24 || strings.Trim(field, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return fmt.Sprintf(" %q", field)
}

// knownFields lists the fields there are where the decoder found another.
func knownFields(what string) string {
	var of any = config{}
	switch {
	case strings.HasSuffix(what, "main.resource"):
		of = resource{}
	case strings.HasSuffix(what, "main.keyRef"):
		of = keyRef{}
	case strings.HasSuffix(what, "main.maskRef"):
		of = maskRef{}
	case strings.HasSuffix(what, "main.privacyRef"):
		of = privacyRef{}
	case strings.HasSuffix(what, "main.fileRef"):
		of = fileRef{}
	}
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
		names = append(names, f.Tag.Get("yaml"))
	}
	return strings.Join(names, ", ")
}

// identity reads who is one user.
func (c *configFile) identity(node *yaml.Node) error {
	if node.IsZero() {
		return nil
	}
	if _, err := ingest.ParseIdentity(node.Value); err != nil {
		return c.wrong(node.Line, "user: %s", err)
	}
	c.user = node.Value
	return nil
}

func (c *configFile) resource(r resource) error {
	hosts := r.Hosts
	if !r.Host.IsZero() {
		hosts = append(hosts, r.Host)
	}
	if len(hosts) == 0 {
		return c.wrong(r.line(), "a resource without host")
	}
	says, err := c.edge(&r)
	if err != nil {
		return err
	}
	if len(r.Keys) == 0 {
		return c.wrong(hosts[0].Line, "a host without keys")
	}
	for _, host := range hosts {
		if err := c.host(host, says, r.Keys); err != nil {
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

func (c *configFile) host(node yaml.Node, says token.Resource, keys []keyRef) error {
	name := strings.ToLower(node.Value)
	if node.Kind != yaml.ScalarNode || name == "" || name != "*" && strings.ContainsAny(name, "*?[]/ ") {
		return c.wrong(node.Line, `host is a host name, or "*" for all others`)
	}
	if line, ok := c.seen[name]; ok {
		return c.wrong(node.Line, "the host is listed already in line %d", line)
	}
	c.seen[name] = node.Line
	if name == "*" {
		name = ""
	}
	c.resources = append(c.resources, stated{name, says})
	for _, k := range keys {
		if err := c.key(name, k, node.Line); err != nil {
			return err
		}
	}
	return nil
}

func (c *configFile) key(host string, k keyRef, line int) error {
	span, err := c.span(&k)
	if err != nil {
		return err
	}
	switch {
	case k.File.IsZero() == k.Env.IsZero():
		return c.wrong(max(line, k.File.Line), "a key is {file: PATH} or {env: NAME}")
	case !k.Env.IsZero():
		text := os.Getenv(k.Env.Value)
		if text == "" {
			return failed("set it where ipdrift runs, or name a file, as in {file: PATH}; its name is not shown, for it could be the key itself",
				"%s:%d: the environment variable of this key is not set", c.path, k.Env.Line)
		}
		c.keys = append(c.keys, keyText{host: host, where: fmt.Sprintf("%s:%d", c.path, k.Env.Line), text: []byte(text), span: span})
		return nil
	}
	text, err := c.keyFile(k.File)
	if err != nil {
		return err
	}
	c.keys = append(c.keys, keyText{host: host, where: fmt.Sprintf("%s:%d", c.path, k.File.Line), text: text, span: span})
	return nil
}

// keyFile reads the key file of a node; its path is relative to the
// configuration.
func (c *configFile) keyFile(node yaml.Node) ([]byte, error) {
	path := node.Value
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(c.path), path)
	}
	text, err := readKeyFile(path)
	if err != nil {
		return nil, c.wrong(node.Line, "the key file: %s", err)
	}
	c.files = append(c.files, path)
	return text, nil
}
