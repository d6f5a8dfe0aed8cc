package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ipdrift/detect/pages"
	"ipdrift/report/browse"
)

func browseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "browse CASE.duckdb",
		Short: "Walk through a kept case on the terminal, down to one request",
		Long: `browse shows a kept case on the whole screen, and goes down from causes to hosts, to
users, to one user's timeline and to a single request with its explanation. It changes
nothing and needs no mouse, so it works over ssh.

  up down, page keys, home end   move (or k j, b f, g G)
  enter, esc                     go in, go back (or right, left)
  /                              search: an address, a token, a path, a player,
                                 a user
  n N                            in a timeline, the next refused request or the
                                 one before
  ?  q                           help, leave`,
		Example: `  ipdrift analyze --key-file secret.key --db case.duckdb access.log.gz
  ipdrift browse case.duckdb`,
		Args:              want(false, "CASE.duckdb"),
		ValidArgsFunction: caseFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return browseCase(cmd, args[0]) },
	}
}

// browseCase shows a case until the reader leaves.
func browseCase(cmd *cobra.Command, path string) error {
	store, a, err := recall(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer store.Close()
	out := cmd.OutOrStdout()
	otherwise := fmt.Sprintf("%q writes the same without one", "ipdrift report "+path+" --verbose")
	if !isTerminal(out) || !isTerminal(cmd.InOrStdin()) {
		return usage(otherwise, "browse needs a terminal")
	}
	if name := os.Getenv("TERM"); name == "" || name == "dumb" {
		return usage(otherwise, "browse needs a terminal that can move its cursor, and TERM is %q", name)
	}
	reader, err := pages.Open(cmd.Context(), store)
	if err != nil {
		return err
	}
	defer reader.Close()
	layout := screen(out, 0)
	layout.Case = path
	return browse.Run(cmd.Context(), browse.Case{Analysis: a, Refusals: reader.Refusals, Viewers: reader.Viewers, Timeline: reader.Timeline},
		cmd.InOrStdin(), out, os.Environ(), layout)
}
