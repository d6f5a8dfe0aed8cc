// Command accuracy measures how often ipdrift is right, on made-up logs whose
// truth is known:
//
//	accuracy [-seed N] [-v]
//
// Each world of a grid is simulated and analysed on the way that the command
// analyze takes, from the file to the recommendation, and compared with its
// truth; then with a fifth of the viewers, without the key, with a quarter of the
// time, a third and a tenth of the lines. What the intervals promise is measured by replaying
// made-up users. One Markdown table goes to stdout, and what was wrong where to
// stderr. The exit status is 1 if a goal is missed.
//
// It is run by "make accuracy". The same seed gives the same table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"ipdrift/ingest/synth/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// The seed is no test's.
const usualSeed = 50_000

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("accuracy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", usualSeed, "seed of the first world")
	verbose := flags.Bool("v", false, "say what was wrong under the other conditions, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	worlds, err := grid(*seed)
	if err != nil {
		return err
	}
	m := &measured{bounds: points(*seed, replicates), requests: requestPoints(*seed, replicates/2)}
	for _, c := range conditions() {
		s, err := c.measure(ctx, worlds, stderr, *verbose || c.goals)
		if err != nil {
			return err
		}
		m.columns = append(m.columns, column{c.name, s})
	}
	m.table(stdout)
	return m.missed()
}

// replicates of every point of the intervals.
const replicates = 1000

// condition is what the logs are like.
type condition struct {
	name  string
	goals bool // what is wrong is told
	world func(scenario.World) scenario.World
	handling
}

func conditions() []condition {
	whole := func(w scenario.World) scenario.World { return w }
	return []condition{
		{"the whole log", true, whole, handling{}},
		{"a fifth of the viewers", false, smaller, handling{}},
		{"no key", false, whole, handling{noKey: true}},
		{"a quarter of the time", false, whole, handling{keep: func(line, lines int) bool { return line >= lines/2 && line < lines*3/4 }}},
		{"every third line", false, whole, handling{keep: func(line, _ int) bool { return line%3 == 1 }}},
		{"every tenth line", false, whole, handling{keep: func(line, _ int) bool { return line%10 == 3 }}},
	}
}

// measure adds up the scores of all worlds, and says what was wrong where.
func (c *condition) measure(ctx context.Context, worlds []scenario.World, to io.Writer, tell bool) (*score, error) {
	scores, flaws, errs := make([]*score, len(worlds)), make([]string, len(worlds)), make([]error, len(worlds))
	each(len(worlds), func(i int) {
		t, err := try(ctx, c.world(worlds[i]), c.handling)
		if err != nil {
			errs[i] = fmt.Errorf("%s, %s: %w", worlds[i].Name, c.name, err)
			return
		}
		if scores[i] = t.marks(); scores[i].flawed() {
			flaws[i] = fmt.Sprintf("%s, %s: %s\n", worlds[i].Name, c.name, t.flaws(scores[i]))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	sum := &score{}
	for i, s := range scores {
		sum.add(s)
		if tell {
			fmt.Fprint(to, flaws[i])
		}
	}
	return sum, nil
}
