package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/ingest/source"
	"ipdrift/report"
)

// outputFlags say where reports go.
type outputFlags struct {
	format   string
	outputs  []string
	audience string
	width    int
	verbose  bool
	chosen   bool // the format of stdout was

	only []string // formats there are, each for every audience; nil: all
}

func (o *outputFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", "", "`FORMAT` of stdout: "+strings.Join(o.names(), ", ")+o.usual())
	f.StringArrayVarP(&o.outputs, "output", "o", nil, "also write a report to this `FILE`; the ending picks the format ("+strings.Join(o.endings(), " ")+"), or --format where it has none of these; repeatable")
	f.StringVar(&o.audience, "audience", report.Audiences()[0], "whom "+o.written()+" is for: `AUDIENCE` is "+strings.Join(report.Audiences(), ", ")+"; customer names no address"+o.pages())
	f.IntVar(&o.width, "width", 0, "`COLUMNS` of text (default: the terminal's, 80 elsewhere)")
	f.BoolVar(&o.verbose, "verbose", false, o.more())
}

func (o *outputFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "format", o.names()...)
	wordsFor(cmd, "audience", report.Audiences()...)
}

// usual says what stdout is written as unless told otherwise.
func (o *outputFlags) usual() string {
	if o.only != nil {
		return " (default text)"
	}
	return " (default text; markdown for another --audience)"
}

// more says what verbose adds.
func (o *outputFlags) more() string {
	if o.only != nil {
		return "the whole timeline"
	}
	return "every flagged user, host, file and warning, the mask curves and the thresholds"
}

// written names what the audience is of.
func (o *outputFlags) written() string {
	if o.only != nil {
		return "it"
	}
	return "Markdown"
}

// pages says whom HTML is for.
func (o *outputFlags) pages() string {
	if o.only != nil {
		return ""
	}
	return ", in HTML too"
}

func (o *outputFlags) names() []string {
	return o.list(func(f report.Format) string { return f.Name })
}

func (o *outputFlags) endings() []string {
	return o.list(func(f report.Format) string { return f.Ending })
}

// list tells something of the formats there are.
func (o *outputFlags) list(what func(report.Format) string) []string {
	formats := slices.DeleteFunc(report.Formats(), func(f report.Format) bool { return o.only != nil && !slices.Contains(o.only, f.Name) })
	return each(formats, what)
}

// fits refuses a format that there is not, or not of this document.
func (o *outputFlags) fits(f report.Format, err error) error {
	if o.only != nil && !slices.Contains(o.only, f.Name) {
		return fmt.Errorf("choose one of %s (%s)", strings.Join(o.names(), ", "), strings.Join(o.endings(), " "))
	}
	return err
}

// suits refuses a format that is the same for every audience, where another one
// than the engineer was chosen.
func (o *outputFlags) suits(format string) error {
	audience := report.Audience(o.audience)
	if audience == report.ForEngineer || format == "markdown" || o.only != nil && (format == "html" || format == "text") {
		return nil
	}
	if format == "html" {
		if audience == report.ForCustomer {
			return nil
		}
		return fmt.Errorf("html is no request to support: choose markdown for --audience %s", audience)
	}
	return fmt.Errorf("%s is the same for every audience: leave it out, or choose markdown for --audience %s", format, o.audience)
}

// check looks at the flags before any work is done.
func (o *outputFlags) check(sources []source.Source) error {
	if err := oneOf("audience", o.audience, report.Audiences()...); err != nil {
		return err
	}
	if o.chosen = o.format != ""; !o.chosen {
		o.format = "text"
		if err := o.suits(o.format); err != nil {
			o.format = "markdown"
		}
	}
	f, err := report.FormatNamed(o.format)
	if err = o.fits(f, err); err == nil {
		err = o.suits(f.Name)
	}
	if err != nil {
		return usage("", "--format: %w", err)
	}
	for _, path := range o.outputs {
		f, err := o.formatOf(path)
		if err = o.fits(f, err); err == nil && o.audience == string(report.ForCustomer) {
			err = o.suits(f.Name)
		}
		if err == nil && f.Name != o.format && isStdout(path) {
			err = fmt.Errorf("this is stdout, which gets %s: leave one of them out", o.format)
		}
		if err != nil {
			return usage("", "-o %s: %w", path, err)
		}
	}
	o.outputs = slices.DeleteFunc(o.outputs, isStdout)
	if o.width < 0 {
		return usage("0 is the terminal's width", "--width: %d is not a width", o.width)
	}
	return distinct(o.outputs, sources)
}

// formatOf is the format of a file: what its ending picks, or what was chosen; stdout has one of its own.
func (o *outputFlags) formatOf(path string) (report.Format, error) {
	f, err := report.FormatFor(path)
	if err != nil && (o.chosen || isStdout(path)) {
		return report.FormatNamed(o.format)
	}
	return f, err
}
