package format

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// everyFormat is all that have a name, those of a text, and those that fixtures show.
func everyFormat(t testing.TB) (formats []*Format) {
	formats = Formats()
	for _, spec := range []string{"nginx:" + oddTemplate, "nginx:" + turnedTemplate, "nginx:" + ownTemplate, "apache:" + custom, stream2,
		"gcore:remote_addr time_local request status", "gcore:$remote_addr|[$time_local]|$request|$status", "csv:client_ip,time,uri,status,user_agent", "tsv:client_ip time uri status",
		"w3c:date time c-ip cs-method cs-uri-stem cs-uri-query sc-status time-taken sc-win32-status"} {
		formats = append(formats, named(t, spec))
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) < 35 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		lines := fixture(t, filepath.Base(file))
		if f, m := Detect(lines, nil); m == nil {
			formats = append(formats, f)
		}
		if f, m := Detect(lines, oddMap()); m == nil {
			formats = append(formats, f)
		}
	}
	return formats
}

// TestBadInput: what no request looks like is rejected with a reason, whatever the format.
func TestBadInput(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, f := range everyFormat(t) {
		for name, line := range map[string]string{
			"binary": "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "NUL bytes": strings.Repeat("\x00", 4096), "no UTF-8": "\xff\xfe\xfd", "a quote": `"`, "quotes": `""""`,
			"a bar": "|", "bars": strings.Repeat("|", 100), "tabs": "x" + strings.Repeat("\t", 100), "commas": strings.Repeat(",", 100), "a brace": "{", "braces": strings.Repeat(`{"a":`, 10000),
			"a bracket": "[", "long": long, "long and quoted": `"` + long, "a long key": `{"` + long + `":1}`, "a long value": `{"a":"` + long + `"}`, "a percent": "%", "a dollar": "$", "a hash": "#",
		} {
			checkAny(t, f, []byte(line))
			checkAny(t, f, []byte(line+"\r"))
			var r Record
			if bad := f.NewParser().Parse([]byte(line), &r); bad.Reason == "" {
				t.Errorf("%s took %s for a request: %+v", f.Name, name, r)
			}
		}
	}
}

// TestCarriageReturn: a line ends the same with it.
func TestCarriageReturn(t *testing.T) {
	for _, f := range everyFormat(t) {
		for _, file := range []string{"gcore.log", "plain-tsv.log", "cloudfront.log", "bunny.log", "keycdn.log", "haproxy.log", "fastly.log", "apache-vhost.log"} {
			plain, dos := f.NewParser(), f.NewParser()
			for i, line := range fixture(t, file) {
				var a, b Record
				want := plain.Parse(line, &a)
				if got := dos.Parse(append(bytes.Clone(line), '\r'), &b); got != want {
					t.Fatalf("%s, %s, line %d: %+v, want %+v", f.Name, file, i+1, got, want)
				}
				if want.Reason == "" {
					checkRecord(t, i+1, want, b, a)
				}
			}
		}
	}
}

// TestUsedParser wants of a parser that has read other lines, some of them cut off, what a new one tells.
func TestUsedParser(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) < 35 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	good := 0
	for _, file := range files {
		lines := fixture(t, filepath.Base(file))
		for _, f := range everyFormat(t) {
			used := f.NewParser()
			for i := range min(3*len(lines), 60) {
				line := lines[i*7%len(lines)]
				if i%3 > 0 {
					line = line[:len(line)*(i%11)/10%(len(line)+1)]
				}
				fresh := used.format.NewParser()
				var got, want Record
				bad, wrong := used.Parse(line, &got), fresh.Parse(line, &want)
				if bad != wrong || bad.Reason == "" && !reflect.DeepEqual(got, want) {
					t.Fatalf("%s, %s, %q:\n%+v %+v, a new parser\n%+v %+v", filepath.Base(file), f.Name, line, bad, got, wrong, want)
				}
				if bad.Reason == "" {
					good++
				}
			}
		}
	}
	if good < 1000 {
		t.Errorf("%d lines were read", good)
	}
}

// FuzzFormats feeds lines to every format. Header lines among them may change the columns of what follows: nothing may panic, and what is
// told must lie within the line or the scratch.
func FuzzFormats(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) < 35 {
		f.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		f.Add(bytes.Join(fixture(f, filepath.Base(file)), []byte{'\n'}))
	}
	formats := everyFormat(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Split(text, []byte{'\n'})
		for _, format := range formats {
			p := format.NewParser()
			for _, line := range lines {
				checkLine(t, p, line)
			}
			format.After(text)
		}
	})
}
