package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ipdrift/ingest/format"
	"ipdrift/ingest/pseudonym"
	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// aboutPseudonyms is the name under which an anonymised case remembers its
// pseudonym key, by a check value.
const aboutPseudonyms = "pseudonyms"

// keyGone stands for the check value of a key that ended with its run.
const keyGone = "key not kept"

// agree compares the pseudonyms of the run with those of the case that grows.
func (l *load) agree(ctx context.Context) error {
	if !l.store.grows {
		return nil
	}
	var held string
	err := l.store.DB.QueryRowContext(ctx, `SELECT value FROM ipdrift_old.about WHERE name = ?`, aboutPseudonyms).Scan(&held)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	fault, key := "", l.Pseudonyms.Key()
	switch {
	case held == "" && l.Pseudonyms == nil:
	case held == "":
		fault = "the case holds real addresses and cannot grow by pseudonyms: leave --anonymize out, or analyse all its logs anew into another file"
	case held == keyGone:
		fault = "the case holds pseudonyms whose key ended with the run that made it, so it cannot grow: analyse all its logs anew, into another file, with --anonymize and --pseudonym-key FILE"
	case l.Pseudonyms == nil:
		fault = "the case holds pseudonyms and cannot grow by real addresses: give --anonymize and the --pseudonym-key that it was made with"
	case held != key.Check():
		fault = "the case holds pseudonyms of another key: give the one that it was made with by --pseudonym-key"
	}
	if fault != "" {
		return fmt.Errorf("%s: %s", l.store.final, fault)
	}
	return nil
}

// aboutKey is the row of table about, as SQL.
func (l *load) aboutKey() string {
	switch key := l.Pseudonyms.Key(); {
	case l.Pseudonyms == nil:
		return ""
	case key.Kept():
		return fmt.Sprintf(`, ('%s', '%s')`, aboutPseudonyms, key.Check())
	}
	return fmt.Sprintf(`, ('%s', '%s')`, aboutPseudonyms, keyGone)
}

// Anonymised reports whether a case holds pseudonyms in the place of addresses.
func (s *Store) Anonymised(ctx context.Context) (bool, error) {
	_, yes, err := s.Recall(ctx, aboutPseudonyms)
	return yes, err
}

// AnonymisedWith reports whether the pseudonyms of a case are those of a key.
func (s *Store) AnonymisedWith(ctx context.Context, k pseudonym.Key) (bool, error) {
	held, yes, err := s.Recall(ctx, aboutPseudonyms)
	return yes && held == k.Check(), err
}

// mostLine bounds how much of a line that did not parse is looked at: what is
// shown of it is far less, whatever is cut out before.
const mostLine = 64 << 10

// line puts pseudonyms into a line that did not parse.
func (l *load) line(text []byte) []byte {
	if l.Pseudonyms == nil {
		return text
	}
	return []byte(l.Pseudonyms.Line(string(text[:min(len(text), mostLine)])))
}

// hostText is a host as the case holds it. One whose name is an address has a
// pseudonym too, for a client writes it, unless the user names it.
func (l *load) hostText(host []byte) string {
	text := string(l.Keys.Cut(host, redact.Mark))
	if namedHost(l.Resources, l.Keys, host) {
		return text
	}
	return l.Pseudonyms.Text(text)
}

// HostAsked is the host that requests ask for, of one as the case holds it.
func HostAsked(held string, r *token.Resources, k *token.Keyring, m *pseudonym.Map) string {
	if namedHost(r, k, []byte(held)) {
		return held
	}
	return m.RealText(held)
}

func namedHost(r *token.Resources, k *token.Keyring, host []byte) bool {
	return r.Names(host) || k.Names(host)
}

// blind takes addresses out of an error.
func (l *load) blind(err error) error {
	if l.Pseudonyms == nil {
		return err
	}
	if misfit := (*format.Misfit)(nil); errors.As(err, &misfit) {
		m := *misfit
		m.Text = redact.Mark
		return &m
	}
	return errors.New(l.Pseudonyms.Line(err.Error()))
}
