package main

import (
	"context"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/detect/finding"
	"ipdrift/detect/ticket"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/report"
)

// ticketFlags are the flags of ticket as written.
type ticketFlags struct {
	analyzeFlags
	ip, at, token, trace, session, userID string
	window                                lapse
}

func ticketCommand() *cobra.Command {
	o := &ticketFlags{window: lapse(15 * time.Minute)}
	o.only = []string{"text", "json", "markdown", "html"}
	cmd := &cobra.Command{
		Use:   "ticket LOG... --ip IP --at TIME",
		Short: "Tell what happened to one viewer, with a reply to paste",
		Long: `ticket finds one viewer in a log, or in a kept case, and tells in a screen what happened:
the timeline, the cause in a sentence, what cannot be told and why, what to ask for next,
and a reply to paste.

The viewer is found generously. --ip may be the address that asked or the one that the
link was signed for, IPv4 also where the log has it IPv4-mapped or through NAT64. Where
it asked for nothing within --window of --at, these are taken in turn: another address of
the viewer, another time within a day, another viewer of the same /24 (IPv6: /64). What
was done is said. --token, --user-id, --trace and --tls-session name the viewer beyond
doubt; --ip then only decides between several. No case holds trace ids and TLS sessions,
so these two need the log.

Where nobody is found, the ticket says how near the log comes, and the exit status is 0:
that is an answer, too ("found": false in JSON). Where a log could not be read to its end,
the exit status is 1 after the answer.`,
		Example: `  ipdrift ticket --key-file secret.key access.log.gz --ip 203.0.113.9 --at 2026-11-20T14:03:00Z
  ipdrift ticket case.duckdb --ip 203.0.113.9 --at 2026-11-20T14:03:00+01:00 -o ticket.html
  ipdrift ticket case.duckdb --token 'https://cdn.example.com/a.ts?md5=...&expires=...'
  ipdrift ticket case.duckdb --user-id 3fa9c1 --audience support`,
		Args: want(true, "LOG"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.ip, "ip", "", "the viewer's address: `IP` as the ticket has it")
	f.StringVar(&o.at, "at", "", "`TIME` of the complaint, Unix seconds, RFC 3339 or as the log has it, or a date (default: any time)")
	f.Var(&o.window, "window", "look this `SPAN` before and after --at")
	f.StringVar(&o.token, "token", "", "the viewer's link: `URL`, with the text around it or without, token, or the first 6 characters of one")
	f.StringVar(&o.userID, "user-id", "", "the viewer's `ID` in a report, or its first characters")
	f.StringVar(&o.trace, "trace", "", "the `ID` of a request, such as a traceparent or its trace id")
	f.StringVar(&o.session, "tls-session", "", "the `ID` of the viewer's TLS session")
	o.keyFlags.register(f)
	f.StringVar(&o.scope, "scope", "auto", "`SCOPE` of the path that was hashed: auto (learned from what was served), file or dir")
	f.StringVar(&o.logFormat, "log-format", "", "log format: `NAME`, as of ipdrift analyze (default: found for each file)")
	o.outputFlags.register(f)
	o.registerInput(cmd)
	o.privacyFlags.register(f)
	o.registerLimits(f)
	formatNames(cmd)
	o.complete(cmd)
	return cmd
}

func (o *ticketFlags) run(cmd *cobra.Command, args []string) error {
	c, err := o.complaint()
	if err != nil {
		return err
	}
	read := o.readLogs
	if slices.ContainsFunc(args, isDuckDB) {
		read = o.readCase
	}
	store, analysis, faults, err := read(cmd, args, &c)
	defer sayAll(cmd.ErrOrStderr(), faults) // last, so that the screen begins with the answer
	if err != nil {
		return err
	}
	defer store.Close()
	t, err := ticket.Find(cmd.Context(), store, analysis, c)
	if err != nil {
		return store.Worded(err)
	}
	t.Asked.Trace, t.Asked.Session = o.trace != "", o.session != ""
	if err := o.outputFlags.write(cmd, func(_ context.Context, w io.Writer, f report.Format, layout report.Options) error {
		return report.Ticket(w, t, f.Name, layout)
	}, closing{}); err != nil || len(faults) == 0 {
		return err
	}
	return &failure{status: statusFailed}
}

// complaint reads what the ticket says of the viewer.
func (o *ticketFlags) complaint() (c ticket.Complaint, err error) {
	if o.ip+o.token+o.userID+o.trace+o.session == "" {
		return c, usage("--ip with --at is the usual way; --token, --user-id, --trace and --tls-session are others", "missing flag: whom the ticket is about")
	}
	if o.ip != "" {
		if c.IP, err = address(o.ip); err != nil {
			return c, err
		}
	}
	if day, err := time.Parse(time.DateOnly, o.at); err == nil { // all of it
		c.At, c.Window = day.Add(12*time.Hour), 12*time.Hour
	} else if o.at != "" {
		if c.At, err = instant("at", o.at); err != nil {
			return c, err
		}
	}
	if o.window <= 0 {
		return c, usage("a window is 15m or 1h", "--window: %s is not a window", &o.window)
	}
	c.Window, c.User, c.ByLine = max(c.Window, time.Duration(o.window)), o.userID, o.trace+o.session != ""
	if c.Masks4, err = prefixes("masks", o.masks, 32); err != nil {
		return c, err
	}
	c.Masks6, err = prefixes("masks6", o.masks6, 128)
	return c, err
}

// seek reads --token.
func (o *ticketFlags) seek(s *secrets, c *ticket.Complaint) (err error) {
	if o.token == "" {
		return nil
	}
	if c.Sought, err = ingest.Seek(o.token, s.resources); err != nil {
		return usage(`of a token, its first 6 characters do; what is wrong with a link tells "ipdrift explain"`, "--token: %w", err)
	}
	return nil
}

// readLogs analyses logs for a ticket. Faults are what could not be read of them.
func (o *ticketFlags) readLogs(cmd *cobra.Command, args []string, c *ticket.Complaint) (_ *ingest.Store, _ *finding.Analysis, faults []string, err error) {
	p, err := o.plan(cmd, args)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := o.seek(p.secrets, c); err != nil {
		return nil, nil, nil, err
	}
	if p.load.Networks != nil {
		defer p.load.Networks.Close()
	}
	if c.ByLine {
		p.load.Watch = &ingest.Watch{Trace: o.trace, Session: o.session}
	}
	c.Keyed, c.IP = p.ring.Len() > 0, p.load.Pseudonyms.Of(c.IP)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(p.memory / 4))
	store, err := ingest.Create("", p.limits)
	if err != nil {
		return nil, nil, nil, o.stopped(err, "nothing was changed")
	}
	loaded, analysis, err := o.judge(cmd, store, p)
	if err != nil {
		store.Close()
		return nil, nil, nil, err
	}
	faults = faultsOf(loaded, p.load.Format != nil)
	if len(faults) > 0 && analysis.Input.Lines == 0 {
		store.Close()
		return nil, nil, faults, &failure{status: statusFailed}
	}
	if c.ByLine {
		c.Lines = p.load.Watch.Lines()
	}
	return store, analysis, faults, nil
}

// readCase opens a kept case for a ticket.
func (o *ticketFlags) readCase(cmd *cobra.Command, args []string, c *ticket.Complaint) (*ingest.Store, *finding.Analysis, []string, error) {
	if len(args) > 1 {
		return nil, nil, nil, usage("add the log to the case with ipdrift analyze --db", "a kept case stands alone, and cannot be mixed with logs")
	}
	if c.ByLine {
		return nil, nil, nil, failed("read the log itself: ipdrift ticket LOG --trace ID", "%s: a kept case holds no trace ids and no TLS sessions, which name people", args[0])
	}
	if name := o.ofLogs(cmd.Flags()); name != "" {
		return nil, nil, nil, usage("a kept case is read and judged already", "--%s: is about reading a log", name)
	}
	s, err := o.keyFlags.read(io.Discard)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := o.seek(s, c); err != nil {
		return nil, nil, nil, err
	}
	if err := o.outputFlags.check([]source.Source{{Path: args[0]}}); err != nil {
		return nil, nil, nil, err
	}
	store, analysis, err := recall(cmd.Context(), args[0])
	if err != nil {
		return nil, nil, nil, err
	}
	if err := o.disguise(cmd.Context(), store, s, c); err != nil {
		store.Close()
		return nil, nil, nil, err
	}
	c.Keyed = slices.ContainsFunc(analysis.Calibration, func(x finding.Calibration) bool { return x.Verified > 0 || x.Status == finding.Failed })
	return store, analysis, nil, nil
}

// disguise makes the address one that an anonymised case can have.
func (o *ticketFlags) disguise(ctx context.Context, store *ingest.Store, s *secrets, c *ticket.Complaint) error {
	held, err := store.Anonymised(ctx)
	switch {
	case err != nil:
		return err
	case o.pseudonymKey == "":
		c.Pseudonyms = held
		return nil
	case !held:
		return usage("", "--pseudonym-key: the case holds no pseudonyms")
	}
	o.anonymize = true
	m, err := o.pseudonyms(s)
	if err != nil {
		return err
	}
	same, err := store.AnonymisedWith(ctx, m.Key())
	if err == nil && !same {
		err = failed("give the one that the case was made with", "--pseudonym-key: the pseudonyms of the case are of another key")
	}
	c.IP = m.Of(c.IP)
	return err
}

// ofLogs is a flag that was given and has no meaning for a kept case; "" if
// there is none.
func (o *ticketFlags) ofLogs(f *pflag.FlagSet) (name string) {
	reading := strings.Fields("key-file scope log-format since until host user recover asn-db issued anonymize threads memory")
	f.Visit(func(given *pflag.Flag) {
		if slices.Contains(reading, given.Name) {
			name = given.Name
		}
	})
	return name
}

// isDuckDB reports whether a file is a DuckDB database, by the magic bytes of its header. A pipe can be
// read but once, and is none.
func isDuckDB(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 12)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head[8:]) == "DUCK"
}
