package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/ingest"
)

// run reads the logs, judges them, and writes the reports and the case.
func (o *analyzeFlags) run(cmd *cobra.Command, args []string) error {
	start := time.Now()
	p, err := o.plan(cmd, args)
	if errors.Is(err, context.Canceled) {
		return failed(o.untouched(), "interrupted before a line was read")
	}
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
	largeHeap(p.sources, (p.memory-leastMemory)/3)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(p.memory / 4))
	defer debug.SetGCPercent(debug.SetGCPercent(100))
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
	o.unknownHosts(cmd, p, analysis)
	faults := faultsOf(loaded, p.load.Format != nil)
	defer sayAll(cmd.ErrOrStderr(), faults) // last, so that the screen begins with the report
	if len(faults) > 0 && analysis.Input.Lines == 0 {
		return &failure{status: statusFailed}
	}
	doc := document{analysis: analysis, store: store, elapsed: time.Since(start), kept: o.db}
	if err := o.outputFlags.write(cmd, doc.render, closing{
		settle: func() error { return o.settle(cmd.Context(), store, analysis) },
		keep:   func() error { return o.keep(cmd.Context(), store) },
	}); err != nil {
		return err
	}
	return o.status(analysis, len(faults) > 0 && !o.keepGoing)
}

// giveBack returns what a large load has left of its dictionaries, so that the
// database can have it.
func giveBack(memory int64) {
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); int64(m.HeapSys-m.HeapReleased) > memory/8 {
		debug.FreeOSMemory()
		ingest.Trim()
	}
}

// judge loads the sources and analyses them, with progress on stderr.
func (o *analyzeFlags) judge(cmd *cobra.Command, store *ingest.Store, p *plan) (*ingest.Loaded, *finding.Analysis, error) {
	asBatch()
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
	debug.SetMemoryLimit(p.memory / 3) // from here on Go does most of the work
	if err := store.Limit(ctx, p.spare()*2/9); err != nil {
		return nil, nil, o.stopped(store.Worded(err), store.Standing())
	}
	p.detect.Searching = bar.searching
	analysis, err := detect.Analyze(ctx, store, loaded, p.detect)
	if err != nil {
		return nil, nil, lines.interrupted(ctx, o.stopped(store.Worded(err), store.Standing()), store.Standing(), "while judging")
	}
	return loaded, analysis, nil
}

// unknownHosts remarks on keys for hosts that the log does not know.
func (o *analyzeFlags) unknownHosts(cmd *cobra.Command, p *plan, a *finding.Analysis) {
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
	text, err := packAnalysis(a)
	if err != nil {
		return err
	}
	return o.unbroken(ctx, store, store.Settle(ctx, map[string]string{aboutAnalysis: text, "version": a.Method.Version}))
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

// untouched says what stands of the case before a run has opened it.
func (o *analyzeFlags) untouched() string {
	if _, err := os.Stat(o.db); o.db != "" && err == nil {
		return ingest.CaseAsBefore
	}
	return ingest.NoCaseKept
}

// faultsOf names the sources that failed, and why.
func faultsOf(loaded *ingest.Loaded, formatGiven bool) (list []string) {
	for _, s := range loaded.Sources {
		switch {
		case s.Earlier: // has been said then
		case s.Err != nil && s.Lines > 0:
			list = append(list, fmt.Sprintf("%s: after line %d: %v", s.Path, s.Lines, s.Err))
		case s.Err != nil:
			list = append(list, fmt.Sprintf("%s: %v", s.Path, s.Err))
		case formatGiven && s.Parsed == 0 && s.Rejected > 0:
			list = append(list, fmt.Sprintf("%s: no line fits --log-format; %q tells why", s.Path, "ipdrift formats test FILE"))
		}
	}
	return list
}

// status picks the exit status of a report that was written.
func (o *analyzeFlags) status(a *finding.Analysis, broken bool) error {
	if broken {
		return &failure{status: statusFailed}
	}
	if uncalibrated(a) {
		return failedCalibration()
	}
	var met []string
	for _, c := range conditions() {
		if how := c.met(a); how != "" && slices.Contains(o.failOn, c.name) {
			met = append(met, "--fail-on "+c.name+": "+how)
		}
	}
	if len(met) == 0 {
		return nil
	}
	return &failure{status: statusCondition, err: errors.New(strings.Join(met, "; "))}
}
