package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigQuotesNothing puts a secret where it does not belong: the line is named, and what may stand there, and never
// what stands there.
func TestConfigQuotesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.yaml")
	for text, want := range map[string]string{
		"user: hunter2":                                       "c.yaml:1: user: want auto, token, query:NAME",
		"hunter2: x":                                          "c.yaml:1: unknown field",
		"map: {hunter2: x}":                                   "c.yaml:1: map: there is no field",
		"privacy: {anonymize: hunter2}":                       "c.yaml:1: anonymize is true or false",
		"privacy: {pseudonym_key: hunter2}":                   "c.yaml:1: a value of the wrong kind",
		"resources: [{host: hunter2}]":                        "c.yaml:1: a host without keys",
		"resources: [{host: hunter2 x, keys: [{env: HOME}]}]": `c.yaml:1: host is a host name, or "*"`,
		"resources: [{hosts: [hunter2, hunter2], keys: [{env: HOME}]}]":                   "c.yaml:1: the host is listed already in line 1",
		"resources: [{host: a.example, scheme: hunter2, keys: [{env: HOME}]}]":            "c.yaml:1: no such token scheme, there are gcore, ",
		"resources: [{host: a.example, scheme: 'bunny:hunter2', keys: [{env: HOME}]}]":    "c.yaml:1: bunny has the options",
		"resources: [{host: a.example, scheme: 'akamai:hunter2=x', keys: [{env: HOME}]}]": "c.yaml:1: akamai:NAME names",
		"resources: [{host: a.example, keys: [{env: hunter2}]}]":                          "c.yaml:1: the environment variable",
		"resources: [{host: a.example, keys: [{file: hunter2}]}]":                         "c.yaml:1: the key file: ",
		"resources: [{host: a.example, keys: [{file: x, not_after: hunter2}]}]":           "c.yaml:1: not_after is no time",
		"resources: [{host: a.example, scope: hunter2, keys: [{env: HOME}]}]":             "c.yaml:1: scope is auto, file or dir",
		"resources: [{host: a.example, mask: {form: hunter2}, keys: [{env: HOME}]}]":      "c.yaml:1: form is network",
		"resources: [{host: a.example, expired_status: hunter2, keys: [{env: HOME}]}]":    "c.yaml:1: expired_status is an HTTP status",
	} {
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, errs := command(t, 1, "analyze", "--config", path, "testdata/nginx/video-demo.log.gz"); out != "" || !strings.Contains(errs, want) || strings.Contains(errs, "hunter2") {
			t.Errorf("%s: %s", text, errs)
		}
	}
}
