package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/ingest/source"
)

// progress shows on a terminal how far a load has come. A nil progress shows
// nothing.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	bar   *progressbar.ProgressBar
	lines int64
	read  int64
	start time.Time

	served, proven int64 // as in ingest.Progress
}

// fewVain is how many served tokens raise a doubt if no key fits any.
const fewVain = 1000

// doubt says what somebody who watches would want to know at once; "" where there is nothing.
func (p *progress) doubt() string {
	if p.served >= fewVain && p.proven == 0 {
		return "no key fits"
	}
	return ""
}

// newProgress is nil where nobody would see it.
func newProgress(w io.Writer, quiet bool, sources []source.Source) *progress {
	if quiet || !isTerminal(w) {
		return nil
	}
	total := int64(0)
	for _, s := range sources {
		if s.Size < 0 {
			total = -1
			break
		}
		total += s.Size
	}
	return &progress{w: w, start: time.Now(), bar: newBar(w, total, "reading")}
}

func newBar(w io.Writer, total int64, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish())
}

// tell is called from several goroutines.
func (p *progress) tell(now ingest.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines, p.read = max(p.lines, now.Lines), max(p.read, now.Read)
	p.served, p.proven = max(p.served, now.Served), max(p.proven, now.Proven)
	beside := p.doubt()
	if beside == "" {
		beside = fmt.Sprintf("%.0f k lines/s", float64(p.lines)/1e3/max(time.Since(p.start).Seconds(), 0.001))
	}
	p.bar.Describe(fmt.Sprintf("reading  %.1f M lines  %s ", float64(p.lines)/1e6, beside))
	// A bar that cannot be drawn is no reason to stop.
	_ = p.bar.Set64(p.read)
}

// soon is how long something may take before it says what it is.
const soon = time.Second

// looking says on a terminal that logs are looked for, where that takes long: compressed tar archives are read to their end for it. It
// returns what is called at its end.
func looking(w io.Writer, quiet bool, after time.Duration) (found func()) {
	if quiet || !isTerminal(w) {
		return func() {}
	}
	said := make(chan struct{})
	timer := time.AfterFunc(after, func() {
		io.WriteString(w, "looking for logs in archives ...")
		close(said)
	})
	return func() {
		if !timer.Stop() {
			<-said
			io.WriteString(w, eraseLine)
		}
	}
}

// judging follows the reading: how long it takes is not known beforehand.
func (p *progress) judging() {
	p.clear()
	if p != nil {
		io.WriteString(p.w, figure.Sentence("judging %d {line|lines} ... %s", p.lines, p.doubt()))
	}
}

// searching follows where all of IPv4 is searched, which takes up to some minutes a link.
func (p *progress) searching(done, of int) {
	if p != nil {
		fmt.Fprint(p.w, eraseLine, figure.Sentence("searching all of IPv4, link %d of %d ...", done+1, of))
	}
}

// clear erases what was shown.
func (p *progress) clear() {
	if p == nil {
		return
	}
	_ = p.bar.Clear()
	fmt.Fprint(p.w, eraseLine)
}

// eraseLine puts the cursor at the beginning of a line with nothing on it.
const eraseLine = "\r\x1b[K"

// counter remembers how many lines were read, for what is said when the run
// is interrupted.
type counter struct {
	lines atomic.Int64
	next  func(ingest.Progress) // nil: nobody else wants to know
}

func (c *counter) tell(now ingest.Progress) {
	c.lines.Store(max(c.lines.Load(), now.Lines))
	if c.next != nil {
		c.next(now)
	}
}

// teller is what a load calls; nil for a nil progress.
func (p *progress) teller() func(ingest.Progress) {
	if p == nil {
		return nil
	}
	return p.tell
}

// interrupted says how far a run came that was cancelled.
func (c *counter) interrupted(ctx context.Context, err error, standing, when string) error {
	if ctx.Err() == nil {
		return err
	}
	return failed("no report was written; "+standing+"; --since, --until and --host narrow the input",
		"%s", figure.Sentence("interrupted %s, after %d {line|lines}", when, c.lines.Load()))
}
