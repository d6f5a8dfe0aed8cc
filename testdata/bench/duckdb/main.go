// Command duckdb is the peer "pure DuckDB SQL" of the benchmarks: it reads a
// log, checks every token and keeps the requests with SQL alone, in the DuckDB
// that ipdrift is linked with, under DuckDB's own defaults.
//
//	duckdb LOG KEYFILE CASE
package main

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	_ "github.com/marcboeker/go-duckdb"
)

//go:embed check.sql
var checkSQL string

//go:embed answer.sql
var answerSQL string

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: duckdb LOG KEYFILE CASE")
		os.Exit(2)
	}
	key, err := os.ReadFile(os.Args[2])
	if err == nil {
		err = check(os.Stdout, os.Args[1], strings.TrimSpace(string(key)), os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "duckdb:", err)
		os.Exit(1)
	}
}

// check makes the database kept from a log and writes the answer: lines, 403s,
// tokens, tokens that moved and were refused, lines whose hash holds.
func check(w io.Writer, log, key, kept string) (err error) {
	db, err := sql.Open("duckdb", kept)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fill := strings.NewReplacer("$log", quoted(log), "$key", quoted(key))
	if _, err := db.Exec(fill.Replace(checkSQL)); err != nil {
		return err
	}
	var lines, refused, tokens, moved, held int64
	if err := db.QueryRow(answerSQL).Scan(&lines, &refused, &tokens, &moved, &held); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, lines, refused, tokens, moved, held)
	return err
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
