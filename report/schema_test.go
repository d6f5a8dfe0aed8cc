package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"ipdrift/detect/finding"
)

// validator compiles a schema.
func validator(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaHolds(t *testing.T) {
	s := validator(t, "schema.json")
	for name, a := range cases(t) {
		text := render(t, Format{Render: renderJSON}, a, Options{})
		if err := s.Validate(decoded(t, text)); err != nil && !(name == "hostile" && onlyWords(err)) {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range []string{`"schema": 1,→"schema": 2,`, `"lines": →"lines": -1`, `"parsed":→"parsd":`, `"warnings": [→"extra": 1, "warnings": [`, `"status": "verified"→"status": "passed"`} {
			from, to, _ := strings.Cut(change, "→")
			if wrong := strings.Replace(string(text), from, to, 1); wrong != string(text) && s.Validate(decoded(t, []byte(wrong))) == nil {
				t.Errorf("%s: the schema takes %s", name, to)
			}
		}
	}
}

func TestTicketSchemaHolds(t *testing.T) {
	s := validator(t, "ticket.schema.json")
	for name, one := range tickets(t) {
		text := ticketAs(t, one, "json", Options{})
		if err := s.Validate(decoded(t, []byte(text))); err != nil && !(name == "hostile" && onlyWords(err)) {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range []string{`"schema": 1,→"schema": 2,`, `"lines": →"lines": -1`, `"found":→"fond":`, `"search": [→"extra": 1, "search": [`, `"customer": "→"everybody": "`, `"outcome": "served"→"outcome": "good"`} {
			from, to, _ := strings.Cut(change, "→")
			if wrong := strings.Replace(text, from, to, 1); wrong != text && s.Validate(decoded(t, []byte(wrong))) == nil {
				t.Errorf("%s: the schema takes %s", name, to)
			}
		}
	}
}

// onlyWords reports whether nothing is wrong but words that are none of ours, as
// the hostile report has them everywhere.
func onlyWords(err error) bool {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return false
	}
	for _, cause := range v.Causes {
		if !onlyWords(cause) {
			return false
		}
	}
	_, word := v.ErrorKind.(*kind.Enum)
	return word || len(v.Causes) > 0
}

// The schemas have every field of the JSON report and of the ticket, and no other.
func TestSchemaIsComplete(t *testing.T) {
	hasAll(t, "schema.json", reflect.TypeFor[finding.Analysis](), 20)
	hasAll(t, "ticket.schema.json", reflect.TypeFor[answered](), 10)
}

// hasAll holds a schema to the fields of a type and to those of the types in it, of
// which there are so many at least.
func hasAll(t *testing.T, file string, root reflect.Type, types int) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		definition
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() || seen[of.Name()] {
			return
		}
		seen[of.Name()] = true
		at := schema.definition
		if of != root {
			at = schema.Defs[lowerFirst(of.Name())]
		}
		fields, required := []string(nil), []string(nil)
		for _, f := range reflect.VisibleFields(of) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || f.Anonymous {
				continue
			}
			if fields = append(fields, name); options == "" {
				required = append(required, name)
			}
			walk(f.Type)
		}
		slices.Sort(fields)
		slices.Sort(required)
		slices.Sort(at.Required)
		if have := slices.Sorted(maps.Keys(at.Properties)); !slices.Equal(have, fields) || !slices.Equal(at.Required, required) || at.Additional == nil || *at.Additional {
			t.Errorf("report/%s is not %s: extend it; it has\n%q, of which these must be there:\n%q; want\n%q and\n%q, and no other", file, of.Name(), have, at.Required, fields, required)
		}
	}
	walk(root)
	if len(seen) < types {
		t.Errorf("only %d types were looked at", len(seen))
	}
}

type definition struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Additional *bool                      `json:"additionalProperties"`
}

func lowerFirst(name string) string {
	return string(unicode.ToLower(rune(name[0]))) + name[1:]
}
