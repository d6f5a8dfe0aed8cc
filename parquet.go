package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ipdrift/ingest"
)

// parquet writes a result as Parquet. DuckDB writes files only, so stdout and
// pipes get it by way of a temporary one.
func (o *queryFlags) parquet(cmd *cobra.Command, store *ingest.Store, query string) error {
	if o.output == "" {
		out := cmd.OutOrStdout()
		if isTerminal(out) {
			return usage("add -o FILE.parquet, or redirect stdout", "parquet is not for a terminal")
		}
		return parquetTo(cmd.Context(), out, store, query)
	}
	f, err := newPending(o.output)
	if err != nil {
		return err
	}
	defer f.drop()
	if f.stream {
		err = parquetTo(cmd.Context(), f, store, query)
	} else {
		err = wrongSQL(store.Parquet(cmd.Context(), query, f.Name()))
	}
	if err != nil {
		return err
	}
	return f.keep()
}

func parquetTo(ctx context.Context, out io.Writer, store *ingest.Store, query string) error {
	dir, err := os.MkdirTemp("", "ipdrift-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "result.parquet")
	if err := store.Parquet(ctx, query, path); err != nil {
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
