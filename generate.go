package main

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"ipdrift/ingest/figure"
	"ipdrift/ingest/synth/scenario"
	"ipdrift/token"
)

type generateFlags struct {
	out, format, start string
	lines, users       int64
	seed               uint64
	edges              int
	span               lapse
	share              float64
	keyFiles           []string
	gzip, list, quiet  bool
}

func generateCommand() *cobra.Command {
	o := &generateFlags{span: lapse(24 * time.Hour)}
	cmd := &cobra.Command{
		Use:   "generate SCENARIO --out DIR",
		Short: "Write a synthetic log with its truth, for demos and tests",
		Long: `generate simulates the viewers of protected hosts and writes the access log that a CDN
would have written, with the truth about each line and each viewer beside it. The same
scenario, flags and seed give the same bytes; addresses are of ranges that no network uses.

In DIR there are afterwards:

  access.log     the log, gzipped with --gzip; with --edges access-1.log and so
                 on
  key            the key, made from the seed; with --key-file there is none
  truth.csv.gz   a row per line: source, line, verdict, cause, detail,
                 signed_ip, user, link, carrier (its ASN)
  users.csv.gz   a row per viewer: what it was, its class, what happened to it,
                 and whether each candidate mask would have let in all that was
                 refused
  world.json     all that was simulated, and the true answers: causes, classes,
                 shares per host and prefix, the decision that the rules make of
                 them, and how far the nearest share lies from its threshold
                 (margin)

--out - writes the log alone to stdout, and needs --key-file.`,
		Example: `  ipdrift generate --list
  ipdrift generate rotation24 --out demo && ipdrift analyze --key-file demo/key demo/access.log
  ipdrift generate mixed --lines 100000000 --out - --key-file key | ipdrift analyze --key-file key -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return want(false)(cmd, args)
			}
			return want(false, "SCENARIO")(cmd, args)
		},
		ValidArgs: scenarioNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return listScenarios(cmd.OutOrStdout())
			}
			return o.run(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.list, "list", false, "list the scenarios and the log formats")
	f.StringVar(&o.out, "out", "", "`DIR` to write, new or empty; - for the log alone on stdout")
	f.Int64Var(&o.lines, "lines", 100_000, "`N` lines")
	f.Uint64Var(&o.seed, "seed", 1, "`N` that all chance comes from")
	f.Int64Var(&o.users, "users", 0, "about `N` viewers (default one per 60 lines)")
	f.Float64Var(&o.share, "share", -1, "share `X` of the affected users whom a /24 (IPv6: a /64) would save, and no wider mask the others")
	f.Lookup("share").DefValue = "as the scenario has it"
	f.StringVar(&o.format, "log-format", "gcore", "log format: `NAME` is one of "+strings.Join(scenario.Formats(), ", "))
	f.StringVar(&o.start, "start", "", "`TIME` of the first line (default 2026-11-01T00:00:00Z)")
	f.Var(&o.span, "span", "`SPAN` of time that the log covers, about")
	f.IntVar(&o.edges, "edges", 1, "`N` edges with a log of their own")
	f.StringArrayVar(&o.keyFiles, "key-file", nil, "`FILE` that holds the key to sign with (default: one is made)")
	f.BoolVar(&o.gzip, "gzip", false, "gzip the log")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	wordsFor(cmd, "log-format", scenario.Formats()...)
	return cmd
}

func scenarioNames() []string {
	return each(scenario.Scenarios(), func(w scenario.World) string { return w.Name })
}

func listScenarios(w io.Writer) error {
	p := &paragraphs{w: w, width: 15}
	p.title("scenarios")
	for _, s := range scenario.Scenarios() {
		p.line("  "+s.Name, "%s", s.About)
	}
	p.title("\nlog formats (--log-format)")
	p.line("  "+strings.Join(scenario.Formats(), ", "), "")
	return p.err
}

func (o *generateFlags) run(cmd *cobra.Command, name string) error {
	w, err := o.world(name)
	if err != nil {
		return err
	}
	key, err := o.key(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	told, clear := o.progress(cmd.ErrOrStderr())
	defer clear()
	if o.out == "-" {
		return o.stream(cmd, w, key, told)
	}
	d, err := newDraft(o.out)
	if err != nil {
		return err
	}
	defer d.drop()
	answers, err := o.fill(cmd.Context(), d, w, key, told)
	if err == nil {
		err = d.keep()
	}
	if err != nil {
		return o.unwritten(cmd.Context(), err)
	}
	clear()
	if !o.quiet {
		say(cmd.ErrOrStderr(), "%s", figure.Sentence("%s: %d {line|lines} of %d {viewer|viewers}, with the truth beside them", o.out, answers.Lines, answers.Users))
	}
	return nil
}

func (o *generateFlags) unwritten(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return failed("nothing was written", "interrupted while generating")
	}
	return failed("", "--out %s: %w", o.out, withoutPath(err))
}

func (o *generateFlags) world(name string) (scenario.World, error) {
	w, err := scenario.Named(name)
	switch {
	case err != nil:
		return w, usage(`"ipdrift generate --list" tells what each is`, "%w", err)
	case o.out == "":
		return w, usage("a new folder, or - for the log alone on stdout", "missing flag: --out")
	case o.lines < 1, o.users < 0, o.span <= 0:
		return w, usage("", "--lines, --users and --span are positive")
	case o.edges < 1, o.edges > 100, o.edges > 1 && o.out == "-":
		return w, usage("1 to 100 edges, and one only on stdout", "--edges %d", o.edges)
	case o.share > 1, o.share < 0 && o.share != -1:
		return w, usage("a share runs from 0 to 1", "--share %g", o.share)
	case o.gzip && o.out == "-":
		return w, usage("pipe stdout into gzip", "--gzip needs a folder")
	}
	if err := oneOf("log-format", o.format, scenario.Formats()...); err != nil {
		return w, err
	}
	w.Seed, w.Lines, w.Users, w.Span, w.Edges, w.Format = o.seed, o.lines, o.users, time.Duration(o.span), o.edges, o.format
	if o.start != "" {
		if w.Start, err = instant("start", o.start); err != nil {
			return w, err
		}
	}
	if o.share >= 0 {
		w.SetShare(o.share)
	}
	return w, nil
}

// key is the given one, else one made from the seed: it protects nothing.
func (o *generateFlags) key(w io.Writer) (string, error) {
	switch {
	case len(o.keyFiles) > 1:
		return "", usage("all hosts of a made-up world have one key", "--key-file is given twice")
	case len(o.keyFiles) == 0 && o.out == "-":
		return "", usage("write a key of your own to a file first: the log cannot be checked without", "--out - needs --key-file")
	case len(o.keyFiles) == 0:
		sum := md5.Sum(fmt.Appendf(nil, "ipdrift generate %d", o.seed))
		return hex.EncodeToString(sum[:12]), nil
	}
	text, err := readKeyFile(o.keyFiles[0])
	if err != nil {
		return "", failed(keyFileHint, "--key-file: %w", err)
	}
	if _, warning, err := token.Schemes()[0].ParseKey(text); err != nil {
		return "", failed("", "--key-file: %w", err)
	} else if warning != "" {
		say(w, "--key-file: %s", warning)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func (o *generateFlags) stream(cmd *cobra.Command, w scenario.World, key string, told func(int64)) error {
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<20)
	_, err := scenario.Run(cmd.Context(), w, key, scenario.Sinks{Logs: []scenario.Sink{{Name: "-", Writer: out}}}, told)
	if err == nil {
		err = out.Flush()
	}
	if cmd.Context().Err() != nil {
		return failed("the log on stdout is cut off", "interrupted while generating")
	}
	return err
}

// fill writes the files of a draft.
func (o *generateFlags) fill(ctx context.Context, d *draft, w scenario.World, key string, told func(int64)) (*scenario.Answers, error) {
	var to scenario.Sinks
	for i := range w.Edges {
		name := "access.log"
		if w.Edges > 1 {
			name = fmt.Sprintf("access-%d.log", i+1)
		}
		if o.gzip {
			name += ".gz"
		}
		to.Logs = append(to.Logs, scenario.Sink{Name: name, Writer: d.create(name, o.gzip)})
	}
	to.Truth, to.Users = d.create("truth.csv.gz", true), d.create("users.csv.gz", true)
	if d.err != nil {
		return nil, d.err
	}
	answers, err := scenario.Run(ctx, w, key, to, told)
	if err != nil {
		return nil, err
	}
	if len(o.keyFiles) == 0 {
		fmt.Fprintln(d.create("key", false), key)
	}
	text, err := json.MarshalIndent(answers, "", "  ")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(d.create("world.json", false), "%s\n", text)
	return answers, d.close()
}

// progress counts the lines where somebody sees it.
func (o *generateFlags) progress(w io.Writer) (told func(int64), clear func()) {
	if o.quiet || !isTerminal(w) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(o.lines, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("generating lines"),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("lines"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	// A bar that cannot be drawn is no reason to stop.
	return func(lines int64) { _ = bar.Set64(lines) }, func() {
		_ = bar.Clear()
		fmt.Fprint(w, eraseLine)
	}
}
