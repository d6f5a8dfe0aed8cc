package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ipdrift/ingest"
)

// parquet writes a result as Parquet. DuckDB writes files only, so stdout gets
// it by way of a temporary one.
func (o *queryFlags) parquet(cmd *cobra.Command, store *ingest.Store, query string) error {
	out := cmd.OutOrStdout()
	if o.output == "" && isTerminal(out) {
		return usage("add -o FILE.parquet, or redirect stdout", "parquet is not for a terminal")
	}
	if o.output != "" {
		f, err := newPending(o.output)
		if err != nil {
			return err
		}
		defer f.drop()
		if err := store.Parquet(cmd.Context(), query, f.Name()); err != nil {
			return wrongSQL(err)
		}
		return f.keep()
	}
	dir, err := os.MkdirTemp("", "ipdrift-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "result.parquet")
	if err := store.Parquet(cmd.Context(), query, path); err != nil {
		return wrongSQL(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}
