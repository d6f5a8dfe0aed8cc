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
	"ipdrift/token"
)

// Issued is a link that the signer handed out, by its own record.
type Issued struct {
	Host   string     // "" where the record has a token and no URL
	Token  string     // its first characters, as column token of table link has them; "" where the record has a URL
	Client netip.Addr // that the signer saw; zero: not told
	Viewer uint64     // hash of the viewer's id; 0: not told
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
// TokenID where they have a token alone. Records with neither a whole signed URL
// nor a token are counted, not kept, and of very many the first ones are.
func ReadIssued(in io.Reader, resources *token.Resources) (records map[uint64]Issued, skipped int64, err error) {
	buffered := bufio.NewReader(in)
	if head, _ := buffered.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		buffered.Discard(len(byteOrderMark))
	}
	head, _ := buffered.Peek(buffered.Size())
	next := csvRecords(buffered)
	switch head = bytes.TrimSpace(head); {
	case bytes.HasPrefix(head, []byte("{")):
		next = jsonRecords(buffered)
	case bytes.HasPrefix(head, []byte("[")):
		return nil, 0, errors.New("a JSON array is not read: write each record as an object of its own (jq -c '.[]')")
	}
	records = map[uint64]Issued{}
	parsers := map[*token.Scheme]*token.Parser{}
	for {
		values, err := next()
		if errors.Is(err, io.EOF) {
			return records, skipped, nil
		}
		if err != nil {
			return nil, 0, err
		}
		hash, r, ok := issued(values, resources, parsers)
		if before, twice := records[hash]; twice && r.Token != "" && before != r {
			r = Issued{Token: r.Token} // two tokens begin alike, and the case cannot tell them apart
		}
		if !ok {
			skipped++
		} else if len(records) < maxIssued {
			records[hash] = r
		}
	}
}

func issued(values map[string]string, resources *token.Resources, parsers map[*token.Scheme]*token.Parser) (hash uint64, r Issued, ok bool) {
	value := func(what string) string {
		for _, name := range issuedNames[what] {
			if v := values[name]; v != "" {
				return v
			}
		}
		return ""
	}
	l, host, linked := readLink(value("url"), resources, parsers)
	switch text := value("token"); {
	case linked:
		hash, r.Host = stableID([]byte(host), &l), host
	case len(text) > tokenShown:
		r.Token = validText(text[:tokenShown])
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

// TokenID is what a record without a URL goes by, of the first characters of its
// token.
func TokenID(shown string) uint64 {
	sum := sha256.Sum256([]byte(shown))
	return binary.BigEndian.Uint64(sum[:])
}

// readLink takes a whole signed URL apart; false for what is none.
func readLink(raw string, resources *token.Resources, parsers map[*token.Scheme]*token.Parser) (l token.Link, host string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
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

func csvRecords(in io.Reader) func() (map[string]string, error) {
	table := csv.NewReader(in)
	table.FieldsPerRecord = -1
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
	return func() (map[string]string, error) {
		var raw map[string]any
		if err := lines.Decode(&raw); err != nil {
			return nil, err
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
