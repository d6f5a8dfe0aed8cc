package source

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// recordLines is what is read of CSV.
func recordLines(t testing.TB, text string) string {
	t.Helper()
	var last string
	for i, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.HalfReader(strings.NewReader(text))} {
		out, err := io.ReadAll(records(in, []byte(text)[:min(len(text), headSize)]))
		if err != nil || i > 0 && string(out) != last {
			t.Fatalf("%v, %q, not %q", err, out, last)
		}
		last = string(out)
	}
	return last
}

func TestRecordsAreLines(t *testing.T) {
	const head = "time,client_ip,uri,user_agent\n"
	long := strings.Repeat("b", 3*maxBroken)
	for name, c := range map[string]struct{ text, want string }{
		"a break":                 {head + "1,2,\"/a\",\"b\nc\"\n5,6,7,8\n", head + "1,2,\"/a\",\"b c\"\n5,6,7,8\n"},
		"several":                 {head + "\"1\n\n\",2,\"/\n/\",\"b\nc\"", head + "\"1  \",2,\"/ /\",\"b c\""},
		"CRLF":                    {head + "1,2,/a,\"b\r\nc\"\r\n", head + "1,2,/a,\"b  c\"\r\n"},
		"a line like a record":    {head + "1,2,/a,\"b\n5,6,/7,8\nc\"\n", head + "1,2,/a,\"b 5,6,/7,8 c\"\n"},
		"doubled quotes":          {head + "1,2,/a,\"\"\"b\"\"\n\"\"\"\n", head + "1,2,/a,\"\"\"b\"\" \"\"\"\n"},
		"a quoted row of names":   {ByteOrderMark + "\"a\";\"b\";\"c\";\"d\"\n1;2;\"3\n\";4\n", ByteOrderMark + "\"a\";\"b\";\"c\";\"d\"\n1;2;\"3 \";4\n"},
		"a separator first":       {"sep=;\r\na;b;c;d\r\n1;2;3;\"\n\"\n", "sep=;\r\na;b;c;d\r\n1;2;3;\" \"\n"},
		"tabs":                    {"a\tb\tc\td\n1\t2\t3\t\"\n,\"\n", "a\tb\tc\td\n1\t2\t3\t\" ,\"\n"},
		"a stray quote":           {head + "1,2,/a,5\" wide\n5,6,/7,5\" wide\n", head + "1,2,/a,5\" wide\n5,6,/7,5\" wide\n"},
		"cut lines":               {head + "1,2,/a,\"b\n5,6,/7,8\n1,2,/a,\"b\n5,6,/7,8\n", head + "1,2,/a,\"b\n5,6,/7,8\n1,2,/a,\"b\n5,6,/7,8\n"},
		"an open quote":           {head + "1,2,/a,\"b\n5,6,/7,8\n", head + "1,2,/a,\"b\n5,6,/7,8\n"},
		"a column too many":       {head + "1,2,/a,\"b\nc\",d\n5,6,/7,8\n", head + "1,2,/a,\"b\nc\",d\n5,6,/7,8\n"},
		"a record too long":       {head + "1,2,/a,\"b\n" + long + "\"\n5,6,/7,8\n", head + "1,2,/a,\"b\n" + long + "\"\n5,6,/7,8\n"},
		"a long line before":      {head + "1,2,/a,\"" + long + "\"\n5,6,/7,\"\n8\"\n", head + "1,2,/a,\"" + long + "\"\n5,6,/7,\" 8\"\n"},
		"no CSV":                  {"203.0.113.7 - - [23/Nov/2026] \"GET /a,b,c,d\n\"\n", "203.0.113.7 - - [23/Nov/2026] \"GET /a,b,c,d\n\"\n"},
		"names with dollars":      {"$a\t$b\t$c\t$d\n1\t2\t/a\t\"\n5\t6\t/b\t\"\n", "$a\t$b\t$c\t$d\n1\t2\t/a\t\"\n5\t6\t/b\t\"\n"},
		"no row of names":         {"1,2,/a,\"b\nc\"\n", "1,2,/a,\"b\nc\"\n"},
		"a row of names, no more": {head, head},
	} {
		if got := recordLines(t, c.text); got != c.want {
			t.Errorf("%s:\n got %.300q\nwant %.300q", name, got, c.want)
		}
	}
}

// FuzzRecords: encoding/csv writes what is read, and reads it again.
func FuzzRecords(f *testing.F) {
	f.Add("b\nc", "\"quoted\", and\r\nbroken", "203.0.113.7,GET\n", byte(0))
	f.Add("\n", "\"", ";\"\n\t", byte(1))
	f.Fuzz(func(t *testing.T, a, b, c string, sep byte) {
		recordLines(t, a)
		comma := rune(separators[int(sep)%len(separators)])
		rows := [][]string{{"time", "client_ip", "uri", "user_agent"}, {"1", a, b, c}, {c, "", a, "x"}, {"9", "8", "7", "6"}}
		for _, row := range rows {
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "\r", "") // encoding/csv reads it as a part of the line break
			}
		}
		write := func() string {
			var text bytes.Buffer
			w := csv.NewWriter(&text)
			w.Comma = comma
			if err := w.WriteAll(rows); err != nil {
				t.Fatal(err)
			}
			return text.String()
		}
		got := recordLines(t, write())
		for _, row := range rows {
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "\n", " ")
			}
		}
		if strings.Count(got, "\n") != len(rows) {
			t.Fatalf("%q: %d lines, want %d", got, strings.Count(got, "\n"), len(rows))
		}
		r := csv.NewReader(strings.NewReader(got))
		r.Comma = comma
		read, err := r.ReadAll()
		if err != nil || !slices.EqualFunc(read, rows, slices.Equal) {
			t.Fatalf("%q: %q, %v; want %q", got, read, err, rows)
		}
	})
}
