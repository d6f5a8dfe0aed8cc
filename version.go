package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"ipdrift/ingest"
)

// commit is set by make, for builds that Go does not stamp with one.
var commit string

// version is the module's version; with the commit, for builds from a
// checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	out := info.Main.Version
	if out == "" {
		out = "(devel)"
	}
	if at := cmp.Or(settings["vcs.revision"], commit); at != "" {
		out += " commit " + at[:min(12, len(at))]
		if settings["vcs.modified"] == "true" {
			out += " with changes"
		}
	}
	return out
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and DuckDB's version",
		Args:  want(false),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := ingest.Create("", ingest.Limits{Threads: 1})
			if err != nil {
				return err
			}
			defer store.Close()
			var engine string
			if err := store.DB.QueryRowContext(cmd.Context(), `SELECT version()`).Scan(&engine); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "ipdrift %s\nDuckDB %s\n", version(), engine)
			return err
		},
	}
}
