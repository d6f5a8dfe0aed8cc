package main

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"ipdrift/report"
)

func rowsOf(end error, rows ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name  string
		width int
		rows  [][]string
		want  string
	}{
		{"empty", 0, nil, "word  n\n----  -\n"},
		{"numbers to the right", 0, [][]string{{"a", "10"}, {"bcdef", "NULL"}}, "word      n\n-----  ----\na        10\nbcdef  NULL\n"},
		{"too narrow to cut to the width", 8, [][]string{{"abcdefghijklmnopqrstuvwxyz", "1"}}, "word                      n\n------------------------  -\nabcdefghijklmnopqrstuv..  1\n"},
		{"cut to the width", 16, [][]string{{"abcdefghijklmnopqrstuvwxyz", "1"}}, "word           n\n-------------  -\nabcdefghijk..  1\n"},
		{"what fits in no case is not cut for nothing", 5, [][]string{{"abcdefghij", "1"}}, "word        n\n----------  -\nabcdefghij  1\n"},
		{"harmless", 0, [][]string{{"\x1b[2J", "x"}}, "word     n\n-------  -\n\\x1b[2J  x\n"},
	} {
		var out strings.Builder
		if err := report.Table(&out, []string{"word", "n"}, rowsOf(nil, c.rows...), c.width); err != nil {
			t.Error(err)
		}
		if out.String() != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, &out, c.want)
		}
	}
}

// More rows than the sample are written as they come.
func TestTableStreams(t *testing.T) {
	rows := make([][]string, 2500)
	for i := range rows {
		rows[i] = []string{"x"}
	}
	stop := errors.New("stop")
	var out strings.Builder
	if err := report.Table(&out, []string{"a"}, rowsOf(stop, rows...), 0); !errors.Is(err, stop) {
		t.Errorf("the error of the rows is lost: %v", err)
	}
	if n := strings.Count(out.String(), "x\n"); n != len(rows) {
		t.Errorf("%d rows of %d before the error", n, len(rows))
	}
}
