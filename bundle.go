package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/ingest/pseudonym"
	"ipdrift/ingest/source"
	"ipdrift/report"
)

type bundleFlags struct {
	privacyFlags
	output string
}

func bundleCommand() *cobra.Command {
	o := &bundleFlags{}
	cmd := &cobra.Command{
		Use:   "bundle CASE.duckdb [LOG...] -o FILE.zip",
		Short: "Put all reports of a kept case into one zip file, with checksums",
		Long: `bundle writes a zip file with the report of a kept case in every format, the users as CSV,
and manifest.json: the command line that the case was made with (no flag takes a key),
versions, and for each log what the case knows it by. SHA256SUMS has the checksums of all
files in it, for "sha256sum -c". Two bundles of one case are the same, byte for byte.

A case knows its logs by XXH3 checksums of their text, decompressed. With LOG named, these
are read again, recognised by that, and the manifest has the SHA-256 of their text as well:
"zcat LOG | sha256sum" gives it. A LOG that is not of the case is an error.

--anonymize puts pseudonyms into the reports of a case that holds addresses; without
--pseudonym-key they are others in every bundle. A case that was made with --anonymize
needs neither.`,
		Example: `  ipdrift bundle case.duckdb -o evidence.zip
  ipdrift bundle case.duckdb logs/ -o evidence.zip
  ipdrift bundle case.duckdb --anonymize --pseudonym-key pseudonym.key -o evidence.zip`,
		Args:              want(true, "CASE.duckdb"),
		ValidArgsFunction: caseAndLogs,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.output, "output", "o", "", "the `FILE` to write, a .zip")
	o.privacyFlags.register(f)
	return cmd
}

// caseAndLogs completes a kept case, and then files of any name.
func caseAndLogs(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return caseFiles(cmd, args, typed)
}

func (o *bundleFlags) run(cmd *cobra.Command, path string, logs []string) error {
	switch {
	case o.output == "":
		return usage("-o evidence.zip", "missing flag: -o, the file to write")
	case !strings.EqualFold(filepath.Ext(o.output), ".zip"):
		return usage("-o evidence.zip", "-o %s: a bundle is a .zip file", o.output)
	}
	sources, err := source.List(cmd.Context(), logs)
	if err != nil {
		return err
	}
	if err := distinct([]string{o.output}, append(sources, source.Source{Path: path})); err != nil {
		return err
	}
	pseudonyms, err := o.pseudonyms(&secrets{})
	if err != nil {
		return err
	}
	store, analysis, err := recall(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer store.Close()
	b, err := newBundle(cmd.Context(), document{store: store, analysis: analysis}, pseudonyms)
	if err != nil {
		return err
	}
	if err := b.check(cmd.Context(), cmd.InOrStdin(), sources); err != nil {
		return err
	}
	f, err := newPending(o.output)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(func(w io.Writer) error { return b.write(cmd.Context(), w) }); err != nil {
		return fmt.Errorf("-o %s: %w", o.output, err)
	}
	return f.keep()
}

// bundle is a case on its way into a zip file.
type bundle struct {
	document
	hidden   *pseudonym.Map // puts pseudonyms into what the case holds addresses in; nil: nothing to hide
	manifest manifest
	sums     strings.Builder
	zip      *zip.Writer
	when     time.Time // of every file: the last request of the case, so that no clock stands in it
}

// manifest says what a bundle rests on.
type manifest struct {
	Tool        string       `json:"tool"`
	Version     string       `json:"version"`       // that wrote the bundle
	CaseVersion string       `json:"case_version"`  // layout of the case
	Analysed    string       `json:"analysed_with"` // version that judged the log
	Command     string       `json:"command"`       // of the last run that made the case; keys stand in no command line
	Anonymized  bool         `json:"anonymized"`
	First       *time.Time   `json:"first"` // start of the earliest request
	Last        *time.Time   `json:"last"`
	Inputs      []inputFile  `json:"inputs"`
	Outputs     []outputFile `json:"outputs"`
}

// inputFile is a log. Its checksums are of its text, decompressed, as the case
// has them to know it again: XXH3 of all, and SHA-256 of both ends. That of all
// is known of small logs, and of those that were named to be read again.
type inputFile struct {
	Path     string `json:"path"`
	Format   string `json:"format"`
	Lines    int64  `json:"lines"`
	Parsed   int64  `json:"parsed"`
	Rejected int64  `json:"rejected"`
	Bytes    *int64 `json:"text_bytes"` // null: not known
	SHA256   string `json:"text_sha256,omitempty"`
	XXH3     string `json:"text_xxh3_128,omitempty"`
	Head     string `json:"text_first_64_kib_sha256,omitempty"`
	Tail     string `json:"text_last_64_kib_sha256,omitempty"`
}

type outputFile struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// newBundle begins the bundle of a case, with pseudonyms for the addresses it holds; nil: none.
func newBundle(ctx context.Context, d document, pseudonyms *pseudonym.Map) (b *bundle, err error) {
	b = &bundle{document: d}
	if pseudonyms != nil && !d.analysis.Method.Anonymized {
		b.hidden = pseudonyms
		if b.analysis, err = detect.Anonymize(d.analysis, pseudonyms); err != nil {
			return nil, err
		}
	}
	a := b.analysis
	b.manifest = manifest{
		Tool: "ipdrift", Version: version(), CaseVersion: ingest.CaseVersion, Analysed: a.Method.Version, Command: a.Method.Command,
		Anonymized: a.Method.Anonymized, First: a.Input.First, Last: a.Input.Last, Outputs: []outputFile{},
	}
	b.when = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) // the first that a zip file can tell
	if _, last := a.Input.Period(); last != nil && last.After(b.when) {
		b.when = last.UTC().Truncate(2 * time.Second)
	}
	b.manifest.Inputs, err = inputs(ctx, d.store, a)
	return b, err
}

// inputs lists the logs. Their names are those of the report, which has no
// addresses where the bundle shall have none.
func inputs(ctx context.Context, store *ingest.Store, a *finding.Analysis) ([]inputFile, error) {
	out := []inputFile{}
	for _, s := range a.Input.Sources {
		out = append(out, inputFile{Path: s.Path, Format: s.Format, Lines: s.Lines, Parsed: s.Parsed, Rejected: s.Rejected})
	}
	known, err := store.Fingerprints(ctx)
	if err != nil {
		return nil, err
	}
	for i, f := range known[:min(len(known), len(out))] {
		in := &out[i]
		in.Bytes, in.XXH3, in.Head, in.Tail = f.Bytes, f.XXH3, f.Head, f.Tail
		if in.Bytes != nil && *in.Bytes <= ingest.EdgeSize {
			in.SHA256 = in.Head
		}
	}
	return out, nil
}

// check reads logs again for the SHA-256 of all of their text.
func (b *bundle) check(ctx context.Context, stdin io.Reader, logs []source.Source) error {
	for _, log := range logs {
		sum, err := log.Check(ctx, stdin)
		if err != nil {
			return failed("", "%s: %w", log.Label, err)
		}
		known := false
		for i := range b.manifest.Inputs {
			if in := &b.manifest.Inputs[i]; in.XXH3 == sum.XXH3 && in.Bytes != nil && *in.Bytes == sum.Bytes {
				in.SHA256, known = sum.SHA256, true
			}
		}
		if !known {
			return failed("logs are recognised by their text, whatever their names: one that has grown since is another", "%s: not a log of this case", log.Label)
		}
	}
	return nil
}

// write fills the zip file: reports in the order of their formats, then the
// manifest, then the checksums of them all.
func (b *bundle) write(ctx context.Context, w io.Writer) error {
	b.zip = zip.NewWriter(w)
	for _, f := range report.Formats() {
		name := "report" + f.Ending
		if f.Name == "csv" {
			name = "users" + f.Ending
		}
		var out bytes.Buffer
		if err := b.render(ctx, &out, f, report.Options{Width: 100, Verbose: true}); err != nil {
			return err
		}
		text := out.Bytes()
		if f.Name == "csv" { // of the case, not of the analysis
			text = []byte(b.hidden.Text(out.String()))
		}
		sum, err := b.add(name, text)
		if err != nil {
			return err
		}
		b.manifest.Outputs = append(b.manifest.Outputs, outputFile{name, len(text), sum})
	}
	text, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	if _, err := b.add("manifest.json", report.EscapeJSON(append(text, '\n'))); err != nil {
		return err
	}
	if _, err := b.add("SHA256SUMS", []byte(b.sums.String())); err != nil {
		return err
	}
	return b.zip.Close()
}

// add puts a file into the bundle and notes its checksum.
func (b *bundle) add(name string, text []byte) (sum string, err error) {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.when})
	if err != nil {
		return "", err
	}
	raw := sha256.Sum256(text)
	sum = hex.EncodeToString(raw[:])
	fmt.Fprintf(&b.sums, "%s  %s\n", sum, name)
	_, err = w.Write(text)
	return sum, err
}
