// Command bench measures the whole of ipdrift on made-up logs, from the file
// to the report, each run a process of its own:
//
//	bench pair     beside GoAccess, lnav, mawk and DuckDB's SQL on the same file
//	bench soak     the same file again and again; every exit is expected to be clean
//	bench stream   a log that is never stored, through a pipe, in bounded memory
//
// It is run from the checkout, by "make bench" and "make bench-long", on Linux.
// What the tools answer is compared with the truth about the log, so that no
// figure is of a tool that misread it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// suite is what every mode needs.
type suite struct {
	lines  int // of each log
	rounds int
	seed   uint64
	dir    string // holds logs, cases and binaries; removed at the end
	where  string // the machine, before the first run
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	modes := map[string]struct {
		run           func(*suite, context.Context) error
		lines, rounds int
	}{
		"pair":   {(*suite).pair, 200_000, 3},
		"soak":   {(*suite).soak, 200_000, 300},
		"stream": {(*suite).stream, 100_000_000, 1},
	}
	if len(args) == 0 {
		args = []string{""}
	}
	mode, ok := modes[args[0]]
	if !ok {
		return fmt.Errorf("%q is no mode: bench pair, bench soak or bench stream", args[0])
	}
	s := &suite{}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.IntVar(&s.lines, "lines", mode.lines, "lines of the log")
	flags.IntVar(&s.rounds, "rounds", mode.rounds, "rounds of pair, loads of soak")
	flags.Uint64Var(&s.seed, "seed", 1, "seed of the log")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if s.lines < 1000 || s.rounds < 1 {
		return errors.New("at least 1000 lines and one round are needed")
	}
	s.where = machine()
	return s.inFolder(func() error { return mode.run(s, ctx) })
}

// inFolder makes the folder and the tools in it, and removes it afterwards.
func (s *suite) inFolder(do func() error) (err error) {
	if s.dir, err = os.MkdirTemp("", "ipdrift-bench-"); err != nil {
		return fmt.Errorf("%w; point TMPDIR to a folder that can be written to", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	if err := os.WriteFile(s.path("key"), []byte(secret+"\n"), 0o600); err != nil {
		return err
	}
	return do()
}

// environment is the environment of every process: temporary files, settings and caches stay in the
// folder, and no key comes from outside.
func (s *suite) environment() []string {
	mine := slices.DeleteFunc(os.Environ(), func(v string) bool { return len(v) > 8 && v[:8] == "IPDRIFT_" })
	return append(mine, "TMPDIR="+s.dir, "HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "TZ=UTC", "GOTRACEBACK=system")
}
