package ingest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"ipdrift/ingest/format"
	"ipdrift/ingest/redact"
	"ipdrift/ingest/source"
	"ipdrift/token"
)

// Issued is a link that the signer handed out, by its own record.
type Issued struct {
	Host   string     // "" where the record has a token, or a URL without its host
	Token  string     // its first characters, as column token of table link has them; "" where the record has a URL with its host
	Client netip.Addr // that the signer saw; zero: not told
	Viewer uint64     // hash of the viewer's id; 0: not told
	Shared bool       // it was handed to several viewers, of whom Viewer is none then
}

// IssuedFaults counts the records that were read, and those of which something is missing,
// with the number of the first.
type IssuedFaults struct {
	Records                 int64
	Unsigned, FirstUnsigned int64 // neither a signed URL nor a token
	Addresses, FirstAddress int64 // the address is none
}

// maxIssued bounds how many records are kept.
const maxIssued = 1 << 20

// issuedNames are the names of a record's values, of each the first that it has.
var issuedNames = map[string][]string{
	"url": {"url", "link", "uri"}, "token": {"token", "md5"}, "address": {"address", "ip", "client_ip", "remote_addr"}, "viewer": {"viewer", "viewer_id", "user_id", "user"},
}

// ReadIssued reads what a signer issued, as CSV with a header row or as JSON
// lines: url or token, address, viewer (a time is not needed). It returns the
// records by the hash of their link, as column hash of table link has it, or by
// TokenID where they have a token alone, or a URL without its host. Records with
// neither a signed URL nor a token are counted, not kept, and of very many the first ones are.
func ReadIssued(in io.Reader, resources *token.Resources) (records map[uint64]Issued, faults IssuedFaults, err error) {
	buffered := bufio.NewReader(in)
	if head, _ := buffered.Peek(len(source.ByteOrderMark)); string(head) == source.ByteOrderMark {
		buffered.Discard(len(source.ByteOrderMark))
	}
	head, _ := buffered.Peek(buffered.Size())
	next := csvRecords(buffered, comma(head))
	switch head = bytes.TrimSpace(head); {
	case bytes.HasPrefix(head, []byte("{")):
		next = jsonRecords(buffered)
	case bytes.HasPrefix(head, []byte("[")):
		return nil, faults, errors.New("a JSON array is not read: write each record as an object of its own (jq -c '.[]')")
	}
	records = map[uint64]Issued{}
	say := func(where *int64, count *int64) {
		if *count++; *count == 1 {
			*where = faults.Records
		}
	}
	parsers := map[*token.Scheme]*token.Parser{}
	for {
		values, err := next()
		if errors.Is(err, io.EOF) {
			return records, faults, nil
		}
		if err != nil {
			return nil, faults, err
		}
		faults.Records++
		hash, r, ok := issued(values, resources, parsers)
		switch before, twice := records[hash]; {
		case !twice:
		case r.Token != "" && before != r:
			r = Issued{Token: r.Token} // two tokens begin alike, and the case cannot tell them apart
		case before.Shared || before.Viewer != 0 && r.Viewer != 0 && before.Viewer != r.Viewer:
			r.Viewer, r.Shared = 0, true
		case r.Viewer == 0:
			r.Viewer = before.Viewer
		}
		switch {
		case !ok:
			say(&faults.FirstUnsigned, &faults.Unsigned)
		case len(records) < maxIssued:
			records[hash] = r
		}
		if text := issuedValue(values, "address"); ok && text != "" && text != "-" && !r.Client.IsValid() {
			say(&faults.FirstAddress, &faults.Addresses)
		}
	}
}

func issued(values map[string]string, resources *token.Resources, parsers map[*token.Scheme]*token.Parser) (hash uint64, r Issued, ok bool) {
	value := func(what string) string { return issuedValue(values, what) }
	l, host, linked := readLink(value("url"), resources, parsers)
	text := value("token")
	if linked && host == "" { // the path and query alone, as a signer has them: the token is what they tell
		linked, text = false, string(l.Token)
	}
	switch {
	case linked:
		hash, r.Host = stableID([]byte(host), &l), host
	case len(token.Telling([]byte(text))) > redact.Shown:
		r.Token = redact.ValidText(string(shownOf([]byte(text))))
		hash = TokenID(r.Token)
	default:
		return 0, r, false
	}
	r.Client, _ = format.Address([]byte(value("address"))) // one that is none is not told
	if viewer := value("viewer"); viewer != "" {
		sum := sha256.Sum256([]byte(viewer))
		r.Viewer = binary.BigEndian.Uint64(sum[:]) | 1
	}
	return hash, r, true
}

func issuedValue(values map[string]string, what string) string {
	for _, name := range issuedNames[what] {
		if v := values[name]; v != "" {
			return v
		}
	}
	return ""
}

// TokenID is what a record without a URL goes by, of the first characters of its
// token.
func TokenID(shown string) uint64 {
	sum := sha256.Sum256([]byte(shown))
	return binary.BigEndian.Uint64(sum[:])
}

// readLink takes a signed URL apart, with its host or without; false for what is none.
func readLink(raw string, resources *token.Resources, parsers map[*token.Scheme]*token.Parser) (l token.Link, host string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" && !strings.HasPrefix(raw, "/") {
		return l, "", false
	}
	host = strings.ToLower(u.Hostname())
	s := resources.For([]byte(host)).Scheme
	if parsers[s] == nil {
		parsers[s] = token.NewParser(s)
	}
	parsers[s].Parse([]byte(u.RequestURI()), &l)
	return l, host, l.Shape == token.Signed
}

// issuedName is the name of a column or key as issuedNames has it.
func issuedName(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
}

// comma is what parts the names in the first row: a comma, else a semicolon or a tab.
func comma(head []byte) rune {
	row, _, _ := bytes.Cut(head, []byte("\n"))
	for _, c := range []byte(",;\t") {
		if bytes.IndexByte(row, c) >= 0 {
			return rune(c)
		}
	}
	return ','
}

func csvRecords(in io.Reader, separator rune) func() (map[string]string, error) {
	table := csv.NewReader(in)
	table.FieldsPerRecord, table.Comma = -1, separator
	var names []string
	return func() (map[string]string, error) {
		for names == nil {
			row, err := table.Read()
			if err != nil {
				return nil, err
			}
			for _, name := range row {
				names = append(names, issuedName(name))
			}
			links := slices.Concat(issuedNames["url"], issuedNames["token"])
			if !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(links, n) }) {
				return nil, errors.New("no column url or token: the first row names the columns, as in time,url,address,viewer")
			}
		}
		row, err := table.Read()
		if err != nil {
			return nil, err
		}
		out := map[string]string{}
		for i, v := range row[:min(len(row), len(names))] {
			out[names[i]] = v
		}
		return out, nil
	}
}

func jsonRecords(in io.Reader) func() (map[string]string, error) {
	lines := json.NewDecoder(in)
	lines.UseNumber()
	n := 0
	return func() (map[string]string, error) {
		n++
		var raw map[string]any
		if err := lines.Decode(&raw); errors.Is(err, io.EOF) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("object %d: %w", n, err)
		}
		out := map[string]string{}
		for name, v := range raw {
			if v != nil {
				out[issuedName(name)] = fmt.Sprint(v)
			}
		}
		return out, nil
	}
}
