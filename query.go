package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/report"
)

// queryFormat is one way to write the result of a query.
type queryFormat struct {
	name  string
	write func(w io.Writer, t *table) error // nil for parquet, which DuckDB writes
}

func queryFormats() []queryFormat {
	return []queryFormat{{"table", writeTable}, {"csv", writeCSV}, {"json", writeJSON}, {"parquet", nil}}
}

func queryFormatNames() []string {
	return each(queryFormats(), func(f queryFormat) string { return f.name })
}

type queryFlags struct{ format, output string }

func queryCommand() *cobra.Command {
	o := &queryFlags{}
	cmd := &cobra.Command{
		Use:   `query CASE.duckdb "SQL"`,
		Short: "Run read-only SQL on a kept case",
		Long: `query runs SQL on a kept case, read-only and locked: it can change nothing and reach
no other file. SQL "-" is read from stdin. The views are

  requests  every request with its verdict, cause, basis and signing address
  rejects   lines that are no request, and why
  users     one row per user: class, refusals, addresses, changes
  tokens    one row per signed link
  masks     one row per host, family and prefix length

"DESCRIBE requests" lists the columns of a view.`,
		Example: `  ipdrift query case.duckdb "SELECT cause, count(*) FROM requests GROUP BY cause"
  ipdrift query case.duckdb "FROM users WHERE class = 'rotating'" --format csv > users.csv
  ipdrift query case.duckdb "FROM requests" -o requests.parquet`,
		Args:              want(false, "CASE.duckdb", "SQL"),
		ValidArgsFunction: completeQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			if isDuckDB(args[1]) && !isDuckDB(args[0]) {
				return usage("usage: "+cmd.UseLine(), "the case comes first, then the SQL")
			}
			return o.run(cmd, args[0], args[1])
		},
	}
	names := queryFormatNames()
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.format, "format", "", "`FORMAT` of the result: "+strings.Join(names, ", ")+" (default: as the ending of -o has it, else table)")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write the result to this `FILE` instead of stdout")
	wordsFor(cmd, "format", names...)
	return cmd
}

// sqlComments keeps SQL of query that begins with a comment from being taken for a flag: no
// flag has a blank in its name.
func sqlComments(args []string) []string {
	if !slices.Contains(args, "query") {
		return args
	}
	return each(args, func(arg string) string {
		if i := strings.IndexAny(arg, "= \t\r\n"); strings.HasPrefix(arg, "--") && i > 0 && arg[i] != '=' {
			return " " + arg
		}
		return arg
	})
}

// views lists the views of a case, the most asked for first.
func views() []string { return []string{"requests", "users", "tokens", "masks", "rejects"} }

// completeQuery offers cases, and then a view each to begin with.
func completeQuery(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return caseFiles(cmd, args, typed)
	}
	var out []string
	for _, view := range views() {
		out = append(out, "FROM "+view)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (o *queryFlags) run(cmd *cobra.Command, path, query string) error {
	if o.format == "" {
		o.format = "table"
		if ending := strings.TrimPrefix(filepath.Ext(o.output), "."); slices.Contains(queryFormatNames(), ending) {
			o.format = ending
		}
	}
	if err := oneOf("format", o.format, queryFormatNames()...); err != nil {
		return err
	}
	formats := queryFormats()
	format := formats[slices.IndexFunc(formats, func(f queryFormat) bool { return f.name == o.format })]
	if isStdout(o.output) {
		o.output = ""
	}
	if o.output != "" {
		if err := distinct([]string{o.output}, []source.Source{{Path: path}}); err != nil {
			return err
		}
	}
	if query == "-" {
		text, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return err
		}
		query = string(text)
	}
	if strings.TrimSpace(query) == "" {
		return emptySQL()
	}
	store, result, err := ask(cmd.Context(), path, query)
	if err != nil {
		return err
	}
	defer store.Close()
	defer result.Close()
	if format.write == nil {
		return o.parquet(cmd, result)
	}
	return o.rows(cmd, result, format)
}

// ask runs a query on a case. What takes more memory than there is for it is run again,
// slowly.
func ask(ctx context.Context, path, query string) (*ingest.Store, *ingest.Result, error) {
	store, err := openCase(path)
	if err != nil {
		return nil, nil, err
	}
	result, err := store.Query(ctx, query)
	if ingest.OutOfMemory(err) {
		store.Close()
		if store, err = openCaseWith(path, ingest.Limits{Threads: 1, Memory: caseMemory}); err != nil {
			return nil, nil, err
		}
		result, err = store.QuerySliced(ctx, query)
	}
	if err != nil {
		err = stoppedQuery(store.Worded(err))
		store.Close()
		return nil, nil, err
	}
	return store, result, nil
}

func emptySQL() error { return usage("FROM requests, say, or SUMMARIZE users", "the SQL is empty") }

// stoppedQuery says what kept a query from its result.
func stoppedQuery(err error) error {
	if full := (*ingest.FullDisk)(nil); errors.As(err, &full) && full.Temporary {
		return failed("point TMPDIR to a folder with room for the whole result, as text", "%w", err)
	}
	if errors.Is(err, ingest.ErrEmpty) {
		return emptySQL()
	}
	if errors.Is(err, ingest.ErrSeveral) {
		return usage("run query once for each; what its rows need may come first, as CREATE TEMP TABLE or CREATE TEMP MACRO", "query shows the rows of one statement, and there are several")
	}
	if ingest.OutOfMemory(err) {
		return failed("sort or group fewer columns or rows; without ORDER BY and GROUP BY a result may be of any size", "the query takes more than the %d MB of memory that there are for it", caseMemory>>20)
	}
	return wrongSQL(err)
}

// rows writes a result row by row.
func (o *queryFlags) rows(cmd *cobra.Command, result *ingest.Result, format queryFormat) error {
	t, err := openTable(cmd.Context(), result)
	if err != nil {
		return wrongSQL(err)
	}
	defer t.close()
	if o.output == "" {
		out := cmd.OutOrStdout()
		t.width = screen(out, 0).Width
		return wrongSQL(format.write(out, t))
	}
	f, err := newPending(o.output)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(func(w io.Writer) error { return format.write(w, t) }); err != nil {
		return wrongSQL(err)
	}
	return f.keep()
}

// wrongSQL keeps the first line of what DuckDB says, and the candidates it
// names as the way out.
func wrongSQL(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, syscall.EPIPE) {
		return err
	}
	hint := ""
	for line := range strings.Lines(err.Error()) {
		for _, start := range []string{"Candidate", "Did you mean", "LINE "} {
			if strings.HasPrefix(line, start) && (hint == "" || start != "LINE ") {
				hint = report.Clean(strings.TrimSpace(line))
			}
		}
	}
	if first := firstLine(err); strings.HasPrefix(first, "Catalog Error: Table with name ") {
		hint = "the views are " + strings.Join(views(), ", ")
	}
	return failed(hint, "%s", firstLine(err))
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "duckdb_execute_prepared_arrow: ")
}
