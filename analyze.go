package main

import (
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/detect/search"
)

// analyzeFlags are the flags of analyze as written.
type analyzeFlags struct {
	keyFlags
	outputFlags
	privacyFlags
	scope, logFormat, db  string
	since, until, host    string
	masks, masks6, memory string
	user, extent, asnDB   string
	issued                string
	failOn                []string
	threads               int
	quiet, keepGoing      bool
}

func analyzeCommand() *cobra.Command {
	o := &analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "analyze LOG...",
		Short: "Say why requests were refused, and which mask would have helped",
		Long: `analyze reads access logs, recomputes every token, names the cause of every refusal,
finds the users whose address changed, and says which mask would have let them in.

LOG is a file, a glob, a folder or "-" for stdin; gzip, zstd, bzip2, xz, zip and tar
are recognised by their content. LABEL=LOG names a source; where the log format has no
host, the label stands for it. The log format is found from the first lines of each file.

--db keeps the case. One that is there grows by the logs it has not seen, which are told
by their content: renamed or compressed ones are known, and one that has been written
to since takes the place of its old self. The report is on the whole case. A run that
stops, whatever stops it, leaves the case as it was.

` + configDoc,
		Example: `  ipdrift analyze --key-file secret.key access.log.gz
  ipdrift analyze --key-file cdn.example.com=cdn.key --db case.duckdb -o report.md logs/
  ipdrift analyze --key-file secret.key --db case.duckdb --quiet -o report.md /var/log/nginx/access.log*
  zcat old.log.gz | ipdrift analyze --key-file secret.key --fail-on widen -`,
		Args: want(true, "LOG"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	o.register(cmd)
	return cmd
}

func (o *analyzeFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	o.keyFlags.register(f)
	f.StringVar(&o.scope, "scope", "auto", "`SCOPE` of the path that was hashed: auto (learned from what was served), file or dir")
	f.StringVar(&o.logFormat, "log-format", "", "log format: `NAME`, or 'nginx:<log_format string>', 'apache:<LogFormat string>', 'gcore:<fields>' and others that \"ipdrift formats\" lists (default: found for each file)")
	f.StringVar(&o.db, "db", "", "keep the case as a DuckDB database in this `FILE`, for report, browse, query and ticket; a case that is there grows by the logs it has not seen")
	o.outputFlags.register(f)
	o.registerInput(cmd)
	o.privacyFlags.register(f)
	f.StringArrayVar(&o.failOn, "fail-on", nil, "exit with status 3 on this `CONDITION`: widen, rotation, rejects or calibration; repeatable")
	f.BoolVar(&o.keepGoing, "keep-going", false, "a log that is missing does not end the run, and one that is missing, damaged or cannot be read is named, but does not make the exit status 1, if anything was read")
	o.registerLimits(f)
	wordsFor(cmd, "fail-on", conditionNames()...)
	formatNames(cmd)
	o.complete(cmd)
}

// registerInput takes what narrows the input, and says how it is judged.
func (o *analyzeFlags) registerInput(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only requests from this `TIME` on (Unix seconds, RFC 3339 or as a log has it; without a zone: UTC; a date alone is its midnight)")
	f.StringVar(&o.until, "until", "", "only requests before this `TIME`")
	f.StringVar(&o.host, "host", "", "only hosts that match this `GLOB`")
	f.StringVar(&o.user, "user", "auto", "who is one user: `EXPR` is auto (a link and user agent, joined by what several links share), token, query:NAME, cookie:NAME, field:NAME or ip+ua")
	f.StringVar(&o.masks, "masks", "24,16", "`LIST` of IPv4 prefix lengths to judge")
	f.StringVar(&o.masks6, "masks6", "64,56,48", "`LIST` of IPv6 prefix lengths to judge")
	f.StringVar(&o.extent, "recover", "near", "`EXTENT` of the search for the address a link was signed for: none, near (the /16 around), sample=N (then all of IPv4 for N links of each host, drawn at random) or full (all of IPv4)")
	f.StringVar(&o.asnDB, "asn-db", "", "MMDB `FILE` such as GeoLite2-ASN.mmdb: whose the addresses are that the log does not tell")
	f.StringVar(&o.issued, "issued", "", "what the signer issued, a `FILE` of CSV or JSON lines with url or token, address and viewer: settles signing addresses and who is one user")
	wordsFor(cmd, "user", "auto", "token", "query:", "cookie:", "field:", "ip+ua")
	wordsFor(cmd, "recover", append(extents(), string(search.RecoverSample(30)))...)
}

func (o *analyzeFlags) registerLimits(f *pflag.FlagSet) {
	f.IntVar(&o.threads, "threads", 0, "`N` threads to use (default: all cores)")
	f.StringVar(&o.memory, "memory", "1GiB", "`SIZE` that bounds the whole process")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress and no remarks on stderr; errors are still shown")
}

func (o *analyzeFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "scope", scopeWords()...)
	o.keyFlags.complete(cmd)
	o.outputFlags.complete(cmd)
}

// remarks is where remarks go: nowhere if quiet.
func (o *analyzeFlags) remarks(cmd *cobra.Command) io.Writer {
	if o.quiet {
		return io.Discard
	}
	return cmd.ErrOrStderr()
}
