package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"ipdrift/detect"
	"ipdrift/ingest/source"
	"ipdrift/report"
)

// against sets a kept case beside an earlier one.
func (o *reportFlags) against(cmd *cobra.Command, after string) error {
	o.only = []string{"text", "json", "markdown", "html"}
	if err := o.check([]source.Source{{Path: o.compare}, {Path: after}}); err != nil {
		return err
	}
	var sides [2]detect.Kept
	for i, path := range []string{o.compare, after} {
		store, analysis, err := recall(cmd.Context(), path)
		if err != nil {
			return err
		}
		defer store.Close()
		sides[i] = detect.Kept{Name: path, Store: store, Analysis: analysis}
	}
	c, err := detect.Compare(cmd.Context(), sides[0], sides[1])
	if err != nil {
		return err
	}
	return o.write(cmd, func(_ context.Context, w io.Writer, f report.Format, layout report.Options) error {
		return report.Compare(w, c, f.Name, layout)
	}, closing{})
}
