package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
)

// CSV writes a header and rows to w, one line each (RFC 4180, lines end in LF).
// The rows come as an iterator, so that any number of them costs no memory; an
// error of the iterator ends the writing and is returned, as is one of w, and
// what was written before stays written.
//
// A spreadsheet must not run what a log line says: a cell that starts with one
// of = + - @, a tab or a line end gets an apostrophe before it, negative numbers
// excepted (OWASP, "CSV Injection"). Other control characters are made visible
// as [Clean] does.
func CSV(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
	out := csv.NewWriter(w)
	defer out.Flush()
	if err := out.Write(guarded(header)); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if len(row) != len(header) {
			return fmt.Errorf("a row has %d cells where the header has %d", len(row), len(header))
		}
		if err := out.Write(guarded(row)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func guarded(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = guard(cell)
	}
	return cells
}

// formulaStarts are the characters a spreadsheet takes for the start of a
// formula; the wide ones count where the input method is East Asian.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

func guard(cell string) string {
	cell = visible(cell, "\t\r\n")
	if cell == "" || cell == "-" || negative(cell) || strings.IndexAny(cell, formulaStarts) != 0 {
		return cell
	}
	return "'" + cell
}

// negative reports whether a cell is a minus sign and a decimal number.
func negative(cell string) bool {
	digits, ok := strings.CutPrefix(cell, "-")
	if !ok || strings.Trim(digits, "0123456789.eE+-") != "" {
		return false
	}
	_, err := strconv.ParseFloat(digits, 64)
	return err == nil && digits[0] != '+' && digits[0] != '-'
}

// renderUsers writes the listed users with the columns of the view "users".
func renderUsers(w io.Writer, a *finding.Analysis, _ Options) error {
	return CSV(w, userColumns(), func(yield func([]string, error) bool) {
		for i := range a.Users.Flagged {
			if !yield(userRow(&a.Users.Flagged[i]), nil) {
				return
			}
		}
	})
}

func userColumns() []string {
	return []string{"user_id", "host", "class", "reason", "requests", "refusals", "ip_mismatches", "addresses",
		"prefixes24", "prefixes16", "switches", "interrupted", "first", "last", "asn", "user_agent", "signed_ip"}
}

func userRow(u *finding.User) []string {
	return []string{u.ID, u.Host, string(u.Class), u.Reason, whole(u.Requests), whole(u.Refusals), whole(u.Mismatches), whole(u.Addresses),
		known(u.Prefixes24), known(u.Prefixes16), whole(u.Switches), strconv.FormatBool(u.Interrupted), inZulu(u.First), inZulu(u.Last),
		known(u.ASN), u.UserAgent, u.SignedIP}
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

// known writes NULL as nothing.
func known(n *int64) string {
	if n == nil {
		return ""
	}
	return whole(*n)
}

// inZulu writes an RFC 3339 time in UTC; what is none stays as it is.
func inZulu(s string) string {
	if t := instant(s); !t.IsZero() {
		return t.Format(time.RFC3339Nano)
	}
	return s
}
