package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/ingest/synth/scenario"
	"ipdrift/token"
)

// secret signs the links of all worlds. It protects nothing.
const secret = "accuracy-key-0123456789"

// request is one line: what is true of it, and what was found.
type request struct {
	person, user   string // true and found; "": none
	cause, signed  string // true
	gotCause, from string // found; from is the client address
}

// trial is an analysis of a made-up log, with its truth.
type trial struct {
	handling
	truth    *scenario.Answers
	found    *finding.Analysis
	requests []request
	classes  map[string]string // of persons, true
	users    map[string]string // class of users, found
}

// handling is what becomes of a log before and while it is analysed.
type handling struct {
	noKey bool
	keep  func(line, lines int) bool // lines of the log that are left; nil: all
	edit  func(lines [][]byte)       // changes them; nil: nothing
	key   string                     // another key than the one that links were signed with
}

// try simulates a world, analyses its log and reads back what was found.
func try(ctx context.Context, w scenario.World, h handling) (_ *trial, err error) {
	dir, err := os.MkdirTemp("", "ipdrift-accuracy-")
	if err != nil {
		return nil, fmt.Errorf("%w; point TMPDIR to a folder that can be written to", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var log, truth, users bytes.Buffer
	t := &trial{handling: h}
	if t.truth, err = scenario.Run(ctx, w, secret, scenario.Sinks{Logs: []scenario.Sink{{Name: "log", Writer: &log}}, Truth: &truth, Users: &users}, nil); err != nil {
		return nil, err
	}
	if err := t.remember(&truth, &users); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "log")
	if err := t.handle(path, log.Bytes()); err != nil {
		return nil, err
	}
	return t, t.analyse(ctx, path)
}

// remember reads the truth.
func (t *trial) remember(truth, users *bytes.Buffer) error {
	rows, err := csv.NewReader(truth).ReadAll()
	if err != nil {
		return err
	}
	t.requests = make([]request, len(rows)-1)
	for i, r := range rows[1:] { // source,line,verdict,cause,detail,signed_ip,user,link,carrier
		t.requests[i] = request{cause: r[3], signed: r[5], person: r[6]}
	}
	if rows, err = csv.NewReader(users).ReadAll(); err != nil {
		return err
	}
	t.classes = map[string]string{}
	for _, r := range rows[1:] { // user,host,role,class,…
		t.classes[r[0]] = r[3]
	}
	return nil
}

// handle writes the log, or what is left of it, and forgets the truth of the
// rest.
func (t *trial) handle(path string, log []byte) error {
	lines := bytes.SplitAfter(bytes.TrimSuffix(log, []byte("\n")), []byte("\n"))
	if len(lines) != len(t.requests) {
		return fmt.Errorf("%d lines, %d of them with a truth: a format with a head line cannot be used here", len(lines), len(t.requests))
	}
	if t.keep != nil {
		kept, left := lines[:0], t.requests[:0]
		for i := range lines {
			if t.keep(i, len(lines)) {
				kept, left = append(kept, lines[i]), append(left, t.requests[i])
			}
		}
		lines, t.requests = kept, left
	}
	if t.edit != nil {
		t.edit(lines)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, line := range lines {
		if _, err := w.Write(line); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

// analyse takes the way of the command analyze.
func (t *trial) analyse(ctx context.Context, path string) (err error) {
	scheme, _ := token.SchemeNamed("gcore")
	ring := &token.Keyring{}
	if !t.noKey {
		text := secret
		if t.key != "" {
			text = t.key
		}
		key, err := token.NewKey(text)
		if err != nil {
			return err
		}
		ring.Add("", key)
	}
	store, err := ingest.Create("", ingest.Limits{Threads: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	identity, err := ingest.ParseIdentity("auto")
	if err != nil {
		return err
	}
	resources := token.NewResources(scheme)
	loaded, err := ingest.Load(ctx, store, []source.Source{{Path: path, Label: "log", Named: true, Size: -1}},
		ingest.Options{Identity: identity, Resources: resources, Keys: ring, Threads: 2})
	if err != nil {
		return err
	}
	for _, s := range loaded.Sources {
		if s.Err != nil || s.Rejected > 0 || s.Parsed != int64(len(t.requests)) {
			return fmt.Errorf("%d of %d lines were read, %d rejected: %w", s.Parsed, len(t.requests), s.Rejected, s.Err)
		}
	}
	t.found, err = detect.Analyze(ctx, store, loaded, detect.Options{
		Resources: resources, Keys: ring, Scope: token.ScopeAuto, Masks4: []int{24, 16}, Masks6: []int{64, 56, 48},
		Recover: search.RecoverNear, Threads: 2, Room: 1 << 30, Thresholds: judge.Default(),
	})
	if err != nil {
		return err
	}
	return t.readBack(ctx, store)
}

// readBack takes the requests and users from the promised views.
func (t *trial) readBack(ctx context.Context, s *ingest.Store) error {
	rows, err := s.DB.QueryContext(ctx, `SELECT line, coalesce(cause, ''), coalesce(user_id, ''), client_ip FROM requests ORDER BY line`)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var line int
		r := &t.requests[n]
		if err := rows.Scan(&line, &r.gotCause, &r.user, &r.from); err != nil {
			return err
		}
		if line != n+1 {
			return errors.New("line " + strconv.Itoa(n+1) + " is not among the requests")
		}
	}
	if err := rows.Err(); err != nil || n != len(t.requests) {
		return errors.Join(err, fmt.Errorf("%d requests, %d lines", n, len(t.requests)))
	}
	users, err := s.DB.QueryContext(ctx, `SELECT user_id, class FROM users`)
	if err != nil {
		return err
	}
	defer users.Close()
	t.users = map[string]string{}
	for users.Next() {
		var id, class string
		if err := users.Scan(&id, &class); err != nil {
			return err
		}
		t.users[id] = class
	}
	return users.Err()
}
