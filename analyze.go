package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/format"
	"ipdrift/token"
)

// leastMemory is what a run needs whatever the log.
const leastMemory = 256 << 20

// analyzeFlags are the flags of analyze as written.
type analyzeFlags struct {
	keyFlags
	outputFlags
	privacyFlags
	scope, logFormat, db  string
	since, until, host    string
	masks, masks6, memory string
	user, extent, asnDB   string
	issued                string
	failOn                []string
	threads               int
	quiet                 bool
}

// plan is an analysis that can start: every flag is checked.
type plan struct {
	*secrets
	sources []ingest.Source
	load    ingest.Options
	detect  detect.Options
	limits  ingest.Limits // of DuckDB
	threads int
	memory  int64 // of the whole process
}

func analyzeCommand() *cobra.Command {
	o := &analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "analyze LOG...",
		Short: "Read logs, judge every token, and report who was refused and what would help",
		Long: `analyze reads access logs, recomputes every token, names the cause of every refusal,
finds the users whose address changed, and says which mask would have let them in.

LOG is a file, a glob, a folder or "-" for stdin; gzip, zstd, bzip2, xz and zip are
recognised by their content. LABEL=LOG names a source; where the log format has no
host, the label stands for it. The log format is found from the first lines of each file.

--db keeps the case. One that is there grows by the logs it has not seen, which are told
by their content: renamed or compressed ones are known, and one that has been written
to since takes the place of its old self. The report is on the whole case. A run that
stops, whatever stops it, leaves the case as it was.

` + configDoc,
		Example: `  ipdrift analyze --key-file secret.key access.log.gz
  ipdrift analyze --key-file cdn.example.com=cdn.key --db case.duckdb -o ticket.md logs/
  ipdrift analyze --key-file secret.key --db case.duckdb --quiet -o report.md /var/log/nginx/access.log*
  zcat old.log.gz | ipdrift analyze --key-file secret.key --fail-on widen -`,
		Args: want(true, "LOG"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	o.register(cmd)
	return cmd
}

func (o *analyzeFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	o.keyFlags.register(f)
	f.StringVar(&o.scope, "scope", "auto", "`SCOPE` of the path that was hashed: auto (learned from what was served), file or dir")
	f.StringVar(&o.logFormat, "log-format", "", "log format: `NAME`, or 'nginx:<log_format string>', 'apache:<LogFormat string>', 'gcore:<fields>' and others that \"ipdrift formats\" lists (default: found for each file)")
	f.StringVar(&o.db, "db", "", "keep the case as a DuckDB database in this `FILE`, for report, browse, query and ticket; a case that is there grows by the logs it has not seen")
	o.outputFlags.register(f)
	o.registerInput(cmd)
	o.privacyFlags.register(f)
	f.StringArrayVar(&o.failOn, "fail-on", nil, "exit with status 3 on this `CONDITION`: widen, rotation, rejects or calibration; repeatable")
	o.registerLimits(f)
	wordsFor(cmd, "fail-on", conditionNames()...)
	o.complete(cmd)
}

// registerInput takes what narrows the input, and says how it is judged.
func (o *analyzeFlags) registerInput(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only requests from this `TIME` on (Unix seconds or RFC 3339)")
	f.StringVar(&o.until, "until", "", "only requests before this `TIME`")
	f.StringVar(&o.host, "host", "", "only hosts that match this `GLOB`")
	f.StringVar(&o.user, "user", "auto", "who is one user: auto (a link and user agent, joined by what several links share), token, query:`NAME`, cookie:NAME, field:NAME or ip+ua")
	f.StringVar(&o.masks, "masks", "24,16", "`LIST` of IPv4 prefix lengths to judge")
	f.StringVar(&o.masks6, "masks6", "64,56,48", "`LIST` of IPv6 prefix lengths to judge")
	f.StringVar(&o.extent, "recover", "near", "`EXTENT` of the search for the address a link was signed for: none, near (the /16 around), sample=N (then all of IPv4 for N links of each host, drawn at random) or full (all of IPv4)")
	f.StringVar(&o.asnDB, "asn-db", "", "MMDB `FILE` such as GeoLite2-ASN.mmdb: whose the addresses are that the log does not tell")
	f.StringVar(&o.issued, "issued", "", "what the signer issued, a `FILE` of CSV or JSON lines with url or token, address and viewer: settles signing addresses and who is one user")
	wordsFor(cmd, "user", "auto", "token", "query:", "cookie:", "field:", "ip+ua")
	wordsFor(cmd, "recover", append(extents(), string(detect.RecoverSample(30)))...)
}

func (o *analyzeFlags) registerLimits(f *pflag.FlagSet) {
	f.IntVar(&o.threads, "threads", 0, "`N` threads to use (default: all cores)")
	f.StringVar(&o.memory, "memory", "1GiB", "`SIZE` that bounds the whole process")
	f.BoolVar(&o.quiet, "quiet", false, "no progress and no remarks on stderr; errors are still shown")
}

func (o *analyzeFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "scope", scopeWords()...)
	o.keyFlags.complete(cmd)
	o.outputFlags.complete(cmd)
}

// remarks is where remarks go: nowhere if quiet.
func (o *analyzeFlags) remarks(cmd *cobra.Command) io.Writer {
	if o.quiet {
		return io.Discard
	}
	return cmd.ErrOrStderr()
}

// plan checks every flag before anything is read.
func (o *analyzeFlags) plan(cmd *cobra.Command, args []string) (p *plan, err error) {
	p = &plan{}
	if err := o.words(); err != nil {
		return nil, err
	}
	if err := p.bound(o); err != nil {
		return nil, err
	}
	if err := p.narrow(o); err != nil {
		return nil, err
	}
	if p.secrets, err = o.keyFlags.read(o.remarks(cmd)); err != nil {
		return nil, err
	}
	if p.sources, err = ingest.Sources(args); err != nil {
		return nil, err
	}
	if err := o.outputFlags.check(append(o.files(p.secrets), p.sources...)); err != nil {
		return nil, err
	}
	if o.db != "" && slices.ContainsFunc(o.outputs, func(path string) bool { return filepath.Clean(path) == filepath.Clean(o.db) }) {
		return nil, usage("choose another name", "-o %s is the case itself", o.db)
	}
	if p.load.Map = p.columns; o.logFormat != "" {
		if p.load.Format, err = format.Named(o.logFormat, p.columns); err != nil {
			return nil, usage("", "--log-format: %w", err)
		}
	}
	p.sources = slices.DeleteFunc(p.sources, o.isCase)
	if len(p.sources) == 0 {
		return nil, usage("name the logs", "%s is the case itself, and no log", o.db)
	}
	if p.user == "" || cmd.Flags().Changed("user") {
		p.user = o.user
	}
	if p.load.Identity, err = ingest.ParseIdentity(p.user); err != nil {
		return nil, usage("auto does in most cases; query:uid takes the parameter uid for the viewer's id", "--user: %w", err)
	}
	if err := p.beside(o); err != nil {
		return nil, err
	}
	p.load.Now = time.Now()
	p.load.Resources, p.load.Keys, p.load.Stdin, p.load.Threads = p.resources, p.ring, cmd.InOrStdin(), p.threads
	d := &p.detect
	d.Resources, d.Keys, d.Form, d.Threads = p.resources, p.ring, p.form, p.threads
	p.load.Hold, d.Room = p.memory/8, p.memory/8
	d.Recover, d.Version, d.Thresholds = detect.Recover(o.extent), version(), judge.Default()
	d.Command = commandLine(cmd, args)
	d.Scope, _ = token.ParseScope(o.scope)
	return p, nil
}

// beside opens what is read beside the logs: the signer's record, the names of
// networks, the key of the pseudonyms.
func (p *plan) beside(o *analyzeFlags) (err error) {
	if o.issued != "" {
		if err := p.readIssued(o); err != nil {
			return err
		}
	}
	if o.asnDB != "" {
		if p.load.Networks, err = ingest.OpenNetworks(o.asnDB); err != nil {
			return failed("", "--asn-db: %w", err)
		}
	}
	p.load.Pseudonyms, err = o.pseudonyms(p.secrets)
	p.detect.Networks, p.detect.Pseudonyms = p.load.Networks, p.load.Pseudonyms
	return err
}

// files are those beside the logs that are read.
func (o *analyzeFlags) files(s *secrets) (files []ingest.Source) {
	for _, path := range append(s.files, o.issued, o.asnDB, o.pseudonymKey, o.db) {
		if path != "" {
			files = append(files, ingest.Source{Path: path})
		}
	}
	return files
}

// isCase tells whether a source is the case itself, or what stands beside it:
// a folder of logs may hold its case.
func (o *analyzeFlags) isCase(s ingest.Source) bool {
	if o.db == "" {
		return false
	}
	source, err := os.Stat(s.Path)
	return err == nil && slices.ContainsFunc([]string{"", ".part", ".part.wal", ".wal", ".lock"}, func(ending string) bool {
		own, err := os.Stat(o.db + ending)
		return err == nil && os.SameFile(own, source)
	})
}

// readIssued reads the signer's record.
func (p *plan) readIssued(o *analyzeFlags) error {
	file, err := os.Open(o.issued)
	if err != nil {
		return failed("", "--issued: %w", err)
	}
	defer file.Close()
	records, skipped, err := ingest.ReadIssued(file, p.resources)
	if err != nil {
		return failed("", "--issued: %s: %w", o.issued, err)
	}
	if len(records) == 0 {
		return failed("each record has the whole URL as it was signed, or its token", "--issued: %s: none of %d records holds a signed link", o.issued, skipped)
	}
	p.detect.Issued = records
	return nil
}

// words checks the flags that take one of a few words.
func (o *analyzeFlags) words() error {
	for _, c := range o.failOn {
		if err := oneOf("fail-on", c, conditionNames()...); err != nil {
			return err
		}
	}
	if _, err := detect.ParseRecover(o.extent); err != nil {
		return usage("near does in most cases; sample=30 tells how many of the rest could be mismatches", "--recover: %w", err)
	}
	return oneOf("scope", o.scope, scopeWords()...)
}

// bound reads the limits and the candidates.
func (p *plan) bound(o *analyzeFlags) (err error) {
	if o.threads < 0 || o.threads > 1024 {
		return usage("0 is all cores", "--threads: %d is not a number of threads", o.threads)
	}
	if p.threads = o.threads; o.threads == 0 {
		p.threads = runtime.GOMAXPROCS(0)
	}
	p.limits.Threads = max(1, p.threads/2) // Go has the other half, all along: measured faster than all for both
	if p.memory, err = size("memory", o.memory); err != nil {
		return err
	}
	if p.memory < leastMemory {
		return usage("256MiB is the least, 1GiB the default", "--memory: %s is too little", o.memory)
	}
	p.limits.Memory = p.memory * 2 / 5 // what DuckDB counts; results and fragments come on top
	if p.detect.Masks4, err = prefixes("masks", o.masks, 32); err != nil {
		return err
	}
	p.detect.Masks6, err = prefixes("masks6", o.masks6, 128)
	return err
}

// narrow reads what narrows the input.
func (p *plan) narrow(o *analyzeFlags) (err error) {
	if o.since != "" {
		if p.load.Since, err = instant("since", o.since); err != nil {
			return err
		}
	}
	if o.until != "" {
		if p.load.Until, err = instant("until", o.until); err != nil {
			return err
		}
	}
	if o.since != "" && o.until != "" && !p.load.Since.Before(p.load.Until) {
		return usage("", "--until %s is not after --since %s", o.until, o.since)
	}
	if _, err := path.Match(o.host, ""); err != nil {
		return usage("a glob is *.example.com or cdn-?.example.com", "--host: %q is not a glob", o.host)
	}
	p.load.Host = o.host
	return nil
}

func (o *analyzeFlags) run(cmd *cobra.Command, args []string) error {
	start := time.Now()
	p, err := o.plan(cmd, args)
	if err != nil {
		return err
	}
	p.detect.Unread = o.db == "" && !o.readsCase()
	if p.load.Networks != nil {
		defer p.load.Networks.Close()
	}
	if p.ring.Len() == 0 {
		say(o.remarks(cmd), "no key: tokens are not recomputed, causes are inferred; %s", keyHint)
	}
	if m := p.load.Pseudonyms; m != nil && !m.Key().Kept() && o.db != "" {
		say(o.remarks(cmd), "the pseudonym key ends with this run: nobody can undo the pseudonyms, and the case cannot grow; --pseudonym-key FILE keeps it")
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(p.memory / 4))
	store, err := ingest.Create(o.db, p.limits)
	if err != nil && o.db != "" {
		err = fmt.Errorf("--db: %w", err)
	}
	if err != nil {
		return o.stopped(err, "nothing was changed")
	}
	defer store.Close()
	loaded, analysis, err := o.judge(cmd, store, p)
	if err != nil {
		return err
	}
	o.strangers(cmd, p, analysis)
	broken := complain(cmd.ErrOrStderr(), loaded, p.load.Format != nil)
	if broken && analysis.Input.Lines == 0 {
		return &failure{status: statusFailed}
	}
	doc := document{analysis: analysis, store: store, elapsed: time.Since(start), kept: o.db}
	if err := o.outputFlags.write(cmd, doc.render, closing{
		settle: func() error { return o.settle(cmd.Context(), store, analysis) },
		keep:   func() error { return o.keep(cmd.Context(), store) },
	}); err != nil {
		return err
	}
	return o.status(analysis, broken)
}

// giveBack returns what a large load has left of its dictionaries, so that the
// database can have it.
func giveBack(memory int64) {
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); int64(m.HeapSys-m.HeapReleased) > memory/8 {
		debug.FreeOSMemory()
	}
}

// garbage is how much of it, in percent of what lives, may gather between two
// collections: an eighth of the memory where little lives, and what is usual where
// much does.
func garbage(memory int64) int {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int(min(max(100, 100*(memory/8)/int64(1+live[0].Value.Uint64())), 400))
}

// judge loads the sources and analyses them, with progress on stderr.
func (o *analyzeFlags) judge(cmd *cobra.Command, store *ingest.Store, p *plan) (*ingest.Loaded, *finding.Analysis, error) {
	ctx := cmd.Context()
	bar := newProgress(cmd.ErrOrStderr(), o.quiet, p.sources)
	defer bar.clear()
	lines := counter{next: bar.teller()}
	p.load.Progress = lines.tell
	loaded, err := ingest.Load(ctx, store, p.sources, p.load)
	if err != nil {
		return nil, nil, lines.interrupted(ctx, o.stopped(store.Worded(err), store.Standing()), store.Standing(), "while reading")
	}
	bar.judging()
	giveBack(p.memory)
	debug.SetMemoryLimit(p.memory * 3 / 8) // from here on Go does most of the work
	defer debug.SetGCPercent(debug.SetGCPercent(garbage(p.memory)))
	if err := store.Limit(ctx, p.memory/4); err != nil {
		return nil, nil, o.stopped(store.Worded(err), store.Standing())
	}
	analysis, err := detect.Analyze(ctx, store, loaded, p.detect)
	if err != nil {
		return nil, nil, lines.interrupted(ctx, o.stopped(store.Worded(err), store.Standing()), store.Standing(), "while judging")
	}
	return loaded, analysis, nil
}

// strangers remarks on keys for hosts that the log does not know.
func (o *analyzeFlags) strangers(cmd *cobra.Command, p *plan, a *finding.Analysis) {
	for _, host := range p.hosts {
		known := slices.ContainsFunc(a.Calibration, func(c finding.Calibration) bool { return strings.EqualFold(c.Host, host) })
		if host != "" && !known {
			say(o.remarks(cmd), "there is a key for %q, and no request of that host in the log", host)
		}
	}
}

// settle writes a kept case out, so that it can be reported on without the log.
func (o *analyzeFlags) settle(ctx context.Context, store *ingest.Store, a *finding.Analysis) error {
	if !store.Kept() {
		return nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return o.unbroken(ctx, store, store.Settle(ctx, map[string]string{aboutAnalysis: string(text), "version": a.Method.Version}))
}

// keep gives a case that has been settled its name.
func (o *analyzeFlags) keep(ctx context.Context, store *ingest.Store) error {
	if err := o.unbroken(ctx, store, nil); err != nil {
		return err
	}
	if err := store.Keep(); err != nil {
		return o.stopped(store.Worded(err), store.Standing())
	}
	return nil
}

// unbroken words what kept a case from being written.
func (o *analyzeFlags) unbroken(ctx context.Context, store *ingest.Store, err error) error {
	switch {
	case ctx.Err() != nil:
		return failed(store.Standing(), "interrupted while writing the case")
	case err != nil:
		return o.stopped(store.Worded(err), store.Standing())
	}
	return nil
}

// stopped words what kept a run from its case, with the way out. standing says
// what became of the case.
func (o *analyzeFlags) stopped(err error, standing string) error {
	full := (*ingest.FullDisk)(nil)
	switch {
	case errors.As(err, &full) && full.Temporary:
		return failed("point TMPDIR to a folder with room for about a quarter of the logs, decompressed; "+standing, "%w", err)
	case errors.As(err, &full):
		return failed("a case is written beside its final name: what is there already once more, and about a tenth of the new logs, decompressed; "+standing, "%w", err)
	case o.db != "":
		return failed(standing, "%w", err)
	}
	return err
}

// complain names the sources that failed.
func complain(w io.Writer, loaded *ingest.Loaded, formatGiven bool) (broken bool) {
	for _, s := range loaded.Sources {
		switch {
		case s.Earlier: // has been said then
			continue
		case s.Err != nil && s.Lines > 0:
			say(w, "%s: after line %d: %v", s.Path, s.Lines, s.Err)
		case s.Err != nil:
			say(w, "%s: %v", s.Path, s.Err)
		case formatGiven && s.Parsed == 0 && s.Rejected > 0:
			say(w, "%s: no line fits --log-format; %q tells why", s.Path, "ipdrift formats test FILE")
		default:
			continue
		}
		broken = true
	}
	return broken
}

// status picks the exit status of a report that was written.
func (o *analyzeFlags) status(a *finding.Analysis, broken bool) error {
	if broken {
		return &failure{status: statusFailed}
	}
	if uncalibrated(a) {
		return failedCalibration()
	}
	for _, c := range conditions() {
		if met := c.met(a); met != "" && slices.Contains(o.failOn, c.name) {
			return &failure{status: statusCondition, err: fmt.Errorf("--fail-on %s: %s", c.name, met)}
		}
	}
	return nil
}
