package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/detect"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/ingest/format"
	"ipdrift/ingest/source"
	"ipdrift/report"
	"ipdrift/token"
)

// leastMemory is what a run needs whatever the log.
const leastMemory = 256 << 20

// ownMemory is what the program's own code takes, about.
const ownMemory = 60 << 20

// plan is an analysis that can start: every flag is checked.
type plan struct {
	*secrets
	sources []source.Source
	load    ingest.Options
	detect  detect.Options
	limits  ingest.Limits // of DuckDB
	threads int
	memory  int64 // of the whole process
}

// plan checks every flag before anything is read.
func (o *analyzeFlags) plan(cmd *cobra.Command, args []string) (p *plan, err error) {
	p = &plan{}
	if err := o.words(); err != nil {
		return nil, err
	}
	if err := p.bound(o); err != nil {
		return nil, err
	}
	if err := p.narrow(o); err != nil {
		return nil, err
	}
	if p.secrets, err = o.keyFlags.read(o.remarks(cmd)); err != nil {
		return nil, err
	}
	if err := wantLogs(args, o.db); err != nil {
		return nil, err
	}
	find := source.List
	if o.keepGoing {
		find = source.ListOrFaults
	}
	found := looking(cmd.ErrOrStderr(), o.quiet, soon)
	p.sources, err = find(cmd.Context(), args)
	if found(); err != nil {
		return nil, err
	}
	if err := o.outputFlags.check(append(o.files(p.secrets), p.sources...)); err != nil {
		return nil, err
	}
	if o.db != "" && slices.ContainsFunc(o.outputs, func(path string) bool { return filepath.Clean(path) == filepath.Clean(o.db) }) {
		return nil, usage("choose another name", "-o %s is the case itself", o.db)
	}
	if p.load.Map = p.columns; o.logFormat != "" {
		if p.load.Format, err = format.Named(o.logFormat, p.columns); err != nil {
			return nil, usage("", "--log-format: %w", err)
		}
	}
	own := o.files(p.secrets)
	p.sources = slices.DeleteFunc(p.sources, func(s source.Source) bool { return o.isCase(s) || isOneOf(s, own) })
	if len(p.sources) == 0 {
		return nil, usage("name the logs", "%s is the case itself, a key or what else the flags name, and no log", strings.Join(args, ", "))
	}
	if p.user == "" || cmd.Flags().Changed("user") {
		p.user = o.user
	}
	if p.load.Identity, err = ingest.ParseIdentity(p.user); err != nil {
		return nil, usage("auto does in most cases; query:uid takes the parameter uid for the viewer's id", "--user: %w", err)
	}
	if err := p.beside(cmd, o); err != nil {
		return nil, err
	}
	p.load.Now = time.Now()
	p.load.Resources, p.load.Keys, p.load.Stdin, p.load.Threads = p.resources, p.ring, cmd.InOrStdin(), p.threads
	d := &p.detect
	d.Resources, d.Keys, d.Form, d.Threads = p.resources, p.ring, p.form, p.threads
	p.load.Hold, p.load.Failing, d.Room = p.memory/8, p.memory*3/32, p.spare()/7
	d.Recover, d.Version, d.Thresholds = search.Recover(o.extent), "ipdrift "+version(), judge.Default()
	d.Command = commandLine(cmd, args)
	d.Scope, _ = token.ParseScope(o.scope)
	return p, nil
}

// beside opens what is read beside the logs: the signer's record, the names of
// networks, the key of the pseudonyms.
func (p *plan) beside(cmd *cobra.Command, o *analyzeFlags) (err error) {
	if o.issued != "" {
		if err := p.readIssued(cmd, o); err != nil {
			return err
		}
	}
	if o.asnDB != "" {
		if p.load.Networks, err = ingest.OpenNetworks(o.asnDB); err != nil {
			return failed("", "--asn-db: %w", err)
		}
	}
	p.load.Pseudonyms, err = o.pseudonyms(p.secrets)
	p.detect.Networks, p.detect.Pseudonyms = p.load.Networks, p.load.Pseudonyms
	return err
}

// files lists the files beside the logs that are read.
func (o *analyzeFlags) files(s *secrets) (files []source.Source) {
	for _, path := range append(s.files, o.issued, o.asnDB, o.pseudonymKey, o.db) {
		if path != "" {
			files = append(files, source.Source{Path: path})
		}
	}
	return files
}

// wantLogs refuses a kept case in the place of a log, but for the one that grows.
func wantLogs(paths []string, db string) error {
	for _, path := range paths {
		if isDuckDB(path) && (db == "" || filepath.Clean(path) != filepath.Clean(db)) {
			name := report.Quoted(report.Clean(path))
			return usage(fmt.Sprintf("its report: ipdrift report %s; it grows by logs: ipdrift analyze --db %s LOG", name, name), "a log is wanted, and this is a kept case: %s", name)
		}
	}
	return nil
}

// isCase reports whether a source is the case itself, or what stands beside it:
// a folder of logs may hold its case.
func (o *analyzeFlags) isCase(s source.Source) bool {
	if o.db == "" {
		return false
	}
	log, err := os.Stat(s.Path)
	return err == nil && slices.ContainsFunc([]string{"", ".part", ".part.wal", ".wal", ".lock"}, func(ending string) bool {
		own, err := os.Stat(o.db + ending)
		return err == nil && os.SameFile(own, log)
	})
}

// isOneOf reports whether a source is one of some files, as where a folder of logs holds the key.
func isOneOf(s source.Source, files []source.Source) bool {
	log, err := os.Stat(s.Path)
	return err == nil && slices.ContainsFunc(files, func(f source.Source) bool {
		own, err := os.Stat(f.Path)
		return err == nil && os.SameFile(own, log)
	})
}

// readIssued reads the signer's record.
func (p *plan) readIssued(cmd *cobra.Command, o *analyzeFlags) error {
	file, err := os.Open(o.issued)
	if err != nil {
		return failed("", "--issued: %s: %w", o.issued, withoutPath(err))
	}
	defer file.Close()
	records, faults, err := ingest.ReadIssued(file, p.resources)
	if err != nil {
		return failed("", "--issued: %s: %w", o.issued, err)
	}
	if len(records) == 0 {
		return failed("each record has the URL as it was signed, or its token", "--issued: %s: none of %d records holds a signed link", o.issued, faults.Records)
	}
	if faults.Unsigned > 0 {
		say(o.remarks(cmd), "--issued %s: %s", o.issued, figure.Sentence("%d of %d {record holds|records hold} no signed link, the first is record %s", faults.Unsigned, faults.Records, strconv.FormatInt(faults.FirstUnsigned, 10)))
	}
	if faults.Addresses > 0 {
		say(o.remarks(cmd), "--issued %s: %s", o.issued, figure.Sentence("%d of %d {record has|records have} an address that is none, the first is record %s", faults.Addresses, faults.Records, strconv.FormatInt(faults.FirstAddress, 10)))
	}
	if told := func(r ingest.Issued) bool { return r.Client.IsValid() || r.Viewer != 0 }; !slices.ContainsFunc(slices.Collect(maps.Values(records)), told) {
		say(o.remarks(cmd), "--issued %s: no record tells an address or a viewer: name these columns or keys address and viewer", o.issued)
	}
	p.detect.Issued = records
	return nil
}

// words checks the flags that take one of a few words.
func (o *analyzeFlags) words() error {
	for _, c := range o.failOn {
		if err := oneOf("fail-on", c, conditionNames()...); err != nil {
			return err
		}
	}
	if _, err := search.ParseRecover(o.extent); err != nil {
		return usage("near does in most cases; sample=30 tells how many of the rest could be mismatches", "--recover: %w", err)
	}
	return oneOf("scope", o.scope, scopeWords()...)
}

// bound reads the limits and the candidates.
func (p *plan) bound(o *analyzeFlags) (err error) {
	if o.threads < 0 || o.threads > 1024 {
		return usage("0 is all cores", "--threads: %d is not a number of threads", o.threads)
	}
	if p.threads = o.threads; o.threads == 0 {
		p.threads = runtime.GOMAXPROCS(0)
	}
	p.limits.Threads = max(1, p.threads/2) // Go has the other half, all along: measured faster than all for both
	if p.memory, err = size("memory", o.memory); err != nil {
		return err
	}
	if p.memory < leastMemory {
		return usage("256MiB is the least, 1GiB the default", "--memory: %s is too little", o.memory)
	}
	p.limits.Memory = (p.memory - ownMemory) * 2 / 5 // what DuckDB counts; results and fragments come on top
	if p.detect.Masks4, err = prefixes("masks", o.masks, 32); err != nil {
		return err
	}
	p.detect.Masks6, err = prefixes("masks6", o.masks6, 128)
	return err
}

// narrow reads what narrows the input.
func (p *plan) narrow(o *analyzeFlags) (err error) {
	if o.since != "" {
		if p.load.Since, err = dayOrInstant("since", o.since); err != nil {
			return err
		}
	}
	if o.until != "" {
		if p.load.Until, err = dayOrInstant("until", o.until); err != nil {
			return err
		}
	}
	if o.since != "" && o.until != "" && !p.load.Since.Before(p.load.Until) {
		return usage("", "--until %s is not after --since %s", o.until, o.since)
	}
	if _, err := path.Match(o.host, ""); err != nil {
		return usage("a glob is *.example.com or cdn-?.example.com", "--host: %q is not a glob", o.host)
	}
	p.load.Host = o.host
	return nil
}

// spare is what is left for what grows with the log: half of the least memory is for what does not.
func (p *plan) spare() int64 { return p.memory - leastMemory/2 }
