package main

import (
	"bytes"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"ipdrift/ingest/pseudonym"
)

const pseudonymKeyHint = `the file holds 64 hexadecimal digits: "openssl rand -hex 32 > FILE" makes one`

// privacyFlags say whether client addresses are kept to oneself.
type privacyFlags struct {
	anonymize    bool
	pseudonymKey string
}

func (o *privacyFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&o.anonymize, "anonymize", false, "pseudonyms in the place of client addresses, wherever they are shown or kept; networks stay networks")
	f.StringVar(&o.pseudonymKey, "pseudonym-key", "", "`FILE` that holds the key of the pseudonyms, which undoes them and makes them the same in every run (default: a new one, which nobody keeps)")
}

// privacy is what the user wants of it.
type privacy struct {
	anonymize bool
	key       []byte // text of a pseudonym key; nil: none is given
}

// privacyRef is what a configuration says of it.
type privacyRef struct {
	Anonymize yaml.Node `yaml:"anonymize"`
	Key       fileRef   `yaml:"pseudonym_key"`
}

// fileRef is a key that is kept in a file.
type fileRef struct {
	File yaml.Node `yaml:"file"`
}

// private reads the section privacy.
func (c *configFile) private(p *privacyRef) error {
	if !p.Anonymize.IsZero() {
		if err := p.Anonymize.Decode(&c.privacy.anonymize); err != nil {
			return c.wrong(p.Anonymize.Line, "anonymize is true or false")
		}
	}
	if p.Key.File.IsZero() {
		return nil
	}
	if !c.privacy.anonymize {
		return c.wrong(p.Key.File.Line, "pseudonym_key goes with anonymize: true")
	}
	text, err := c.keyFile(p.Key.File)
	if err != nil {
		return err
	}
	if _, err := pseudonym.ParseKey(text); err != nil {
		return c.wrong(p.Key.File.Line, "the pseudonym key: %s", err)
	}
	c.privacy.key = text
	return nil
}

// pseudonyms returns the pseudonyms that the flags and the configuration ask for; nil for none.
func (o *privacyFlags) pseudonyms(s *secrets) (m *pseudonym.Map, err error) {
	p := s.privacy
	p.anonymize = p.anonymize || o.anonymize
	if o.pseudonymKey != "" {
		if !p.anonymize {
			return nil, usage("add --anonymize", "--pseudonym-key is the key of --anonymize")
		}
		if p.key, err = readKeyFile(o.pseudonymKey); err != nil {
			return nil, failed(pseudonymKeyHint, "--pseudonym-key: %w", err)
		}
	}
	switch {
	case !p.anonymize:
		return nil, nil
	case p.key == nil:
		return pseudonym.New(pseudonym.NewKey()), nil
	case !bytes.Equal(s.ring.Cut(p.key, ""), p.key):
		return nil, failed(pseudonymKeyHint, "the pseudonym key is the key of tokens too: whoever is given one must not have the other")
	}
	key, err := pseudonym.ParseKey(p.key)
	if err != nil {
		return nil, failed(pseudonymKeyHint, "--pseudonym-key: %w", err)
	}
	return pseudonym.New(key), nil
}
