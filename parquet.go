package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ipdrift/ingest"
	"ipdrift/ingest/temp"
)

// parquet writes a result as Parquet. DuckDB writes files only, so stdout and
// pipes get it by way of a temporary one.
func (o *queryFlags) parquet(cmd *cobra.Command, result *ingest.Result) error {
	if o.output == "" {
		out := cmd.OutOrStdout()
		if isTerminal(out) {
			return usage("add -o FILE.parquet, or redirect stdout", "parquet is not for a terminal")
		}
		return parquetTo(cmd.Context(), out, result)
	}
	f, err := newPending(o.output)
	if err != nil {
		return err
	}
	defer f.drop()
	if f.stream {
		err = parquetTo(cmd.Context(), f, result)
	} else {
		err = wrongSQL(result.Parquet(cmd.Context(), f.Name()))
		if known := (*failure)(nil); errors.As(err, &known) { // DuckDB names what it writes to
			known.err = errors.New(strings.ReplaceAll(known.Error(), f.Name(), o.output))
		}
	}
	if err != nil {
		return err
	}
	return f.keep()
}

func parquetTo(ctx context.Context, out io.Writer, result *ingest.Result) error {
	dir, err := temp.MakeFolder("")
	if err != nil {
		return err
	}
	defer dir.Drop()
	path := filepath.Join(dir.Path, "result.parquet")
	if err := result.Parquet(ctx, path); err != nil {
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
