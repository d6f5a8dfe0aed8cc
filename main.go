// Ipdrift reads access logs of a CDN that protects content with tokens bound
// to the client's address, and tells which refusals come from addresses that
// changed, and whether a subnet mask would mend it.
//
//	ipdrift analyze --key-file secret.key access.log.gz
//	ipdrift analyze --key-file secret.key --db case.duckdb -o report.md logs/
//	ipdrift query case.duckdb "SELECT cause, count(*) FROM requests GROUP BY cause"
//
// # Input
//
// A log is a file, a glob, a folder or "-" for stdin; gzip, zstd, bzip2, xz, zip
// and tar are recognised by their content, the log format by the first lines
// (ipdrift formats). "label=FILE" names a source in the report.
//
// # Keys
//
// A key comes from a file (--key-file FILE, or HOST=FILE for one host), from
// the environment (IPDRIFT_KEY) or by reference from a configuration file
// (--config). It is never taken as the value of a flag, never printed and never
// stored. Without a key everything that can be said without one is said, and
// marked as inferred.
//
// # Manners
//
// Results go to stdout, all else to stderr, one remark a line behind
// "ipdrift:", in lower case and without a full stop, with the way out below it;
// on a terminal it is broken between words.
// Progress is shown only where stderr is a terminal, and erased at the end.
// Output files appear whole or not at all. Nothing is sent anywhere.
//
// # Exit status
//
//	0  done
//	1  failed, also in part: a source was damaged or had no known format
//	2  wrong usage
//	3  a --fail-on condition was met
//	4  verify: the link is not valid
//	5  calibration failed for every host: the key, the path rule or the address
//	   field does not fit this log
//
// Where several apply, 1 wins over 5, and 5 over 3.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	signal.Ignore(ignored...)    // a closed stdout is an error like others, so that nothing is left behind
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command: arguments and streams in, exit status out.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := root()
	layOut(cmd, stdout)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		describe(cmd)
	}
	cmd.SetArgs(sqlComments(args))
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	var unwritten error // of the help, which cobra takes for written
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(of *cobra.Command, args []string) {
		var text bytes.Buffer
		of.SetOut(&text)
		help(of, args)
		_, unwritten = text.WriteTo(stdout)
	})
	err := cmd.ExecuteContext(ctx)
	return conclude(stderr, cmp.Or(err, unwritten))
}

// root builds the command with all that it can do.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ipdrift",
		Short: "Which token refusals come from changing client addresses, and would a mask help?",
		Long: `ipdrift reads the access logs of a CDN whose links carry a token bound to the
client's address. It recomputes every token with your key and says why each request
was refused, who was refused because their address changed, and whether a subnet
mask would mend it.

Exit status; where several apply, 1 wins over 5, and 5 over 3:

  0  done          3  a --fail-on condition was met
  1  failed        4  verify: not valid
  2  wrong usage   5  calibration failed for every host`,
		Example: `  ipdrift analyze --key-file secret.key access.log.gz
  ipdrift analyze --key-file secret.key --db case.duckdb -o report.html logs/
  ipdrift browse case.duckdb
  ipdrift ticket case.duckdb --ip 203.0.113.9 --at 2026-11-20T14:03:00Z`,
		Version:           version(),
		Args:              noCommand,
		PersistentPreRunE: noEmptyFlags,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:      true,
		SilenceErrors:     true,
	}
	cmd.SetVersionTemplate("ipdrift {{.Version}}\n")
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(analyzeCommand(), ticketCommand(), reportCommand(), browseCommand(), queryCommand(), bundleCommand(), signCommand(), verifyCommand(),
		explainCommand(), formatsCommand(), generateCommand(), versionCommand())
	tame(cmd)
	return cmd
}

// flagError words what the flag package found wrong with the command line.
func flagError(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() { // the command is missing or misspelt, which counts for more
		if unknown := noCommand(cmd, cmd.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	hint := fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")
	switch {
	case !cmd.HasParent():
		hint = `flags stand behind their command, as in "ipdrift analyze --key-file FILE LOG"; "ipdrift --help" lists the commands`
	case strings.HasPrefix(err.Error(), "unknown flag: --key"):
		hint = "a key is never taken from the command line: --key-file FILE, or IPDRIFT_KEY in the environment"
	}
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		hint = f.hint
	}
	if bad := (*pflag.InvalidValueError)(nil); errors.As(err, &bad) {
		what := "a whole number it can take"
		switch bad.GetFlag().Value.Type() {
		case "bool":
			what = "true or false"
		case "duration":
			what = "a span such as 15m, 2h30m or 1d"
		case "float64":
			what = "a number"
		}
		err = fmt.Errorf("--%s: %q is not %s", bad.GetFlag().Name, bad.GetValue(), what)
	}
	return &failure{status: statusUsage, err: err, hint: hint}
}

// tame gives the commands that cobra brings the manners of ours.
func tame(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = knownCommand
		case "completion":
			cmd.Args = noCommand
			cmd.RunE = func(*cobra.Command, []string) error {
				return usage("ipdrift completion bash, fish, powershell or zsh", "missing argument: SHELL")
			}
			for _, shell := range cmd.Commands() {
				shell.Args = want(false)
			}
		}
	}
}

func knownCommand(cmd *cobra.Command, args []string) error {
	found, rest, _ := cmd.Root().Find(args)
	return noCommand(found, rest)
}
