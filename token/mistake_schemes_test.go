package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// otherVector is a line of testdata/mistakes_of_schemes.tsv, which testdata/mistakes_of_schemes.py makes with Python's hashlib.
type otherVector struct {
	scheme                *Scheme
	name, mistake, hashed string
	suspect               Suspect
}

func otherVectors(t testing.TB) []otherVector {
	t.Helper()
	text, err := os.ReadFile("testdata/mistakes_of_schemes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []otherVector
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		v := otherVector{scheme: scheme(t, f[0]), name: f[0], mistake: strings.TrimPrefix(f[1], "-"), hashed: f[5]}
		v.suspect = suspectOf(t, f[4], f[2], f[3])
		v.suspect.Ports = v.mistake == "address_port"
		v.suspect.Keys, v.suspect.OldKeys = []Key{v.key(t, testKey)}, []Key{v.key(t, "older_secret"), v.key(t, oldSecret)}
		v.suspect.OtherKeys = map[string][]Key{"other.example": {v.key(t, otherSecret)}}
		out = append(out, v)
	}
	if len(out) < 600 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}

// key writes a secret as the scheme's key file does.
func (v otherVector) key(t testing.TB, secret string) Key {
	t.Helper()
	switch v.scheme.Name {
	case "akamai":
		secret = hex.EncodeToString([]byte(secret))
	case "fastly":
		secret = base64.StdEncoding.EncodeToString([]byte(secret))
	}
	return mustKey(t, secret)
}

// Every vector proves its own mistake, whatever the scheme, and says what was hashed.
func TestExamineVectorsOfAllSchemes(t *testing.T) {
	for _, v := range otherVectors(t) {
		e := NewExaminer(v.scheme)
		f, ok := e.Examine(&v.suspect)
		if ok != (v.mistake != "") || f.Mistake.Name != v.mistake || f.Also.Name != "" {
			t.Errorf("%s: %s: %s: found %q and %q, %s", v.name, v.mistake, v.suspect.Target, f.Mistake.Name, f.Also.Name, f.Hashed)
			continue
		}
		if ok && f.Hashed != v.hashed {
			t.Errorf("%s: %s: hashed %s, want %s", v.name, v.mistake, f.Hashed, v.hashed)
		}
		if !v.suspect.Ports && (e.hashes > 4300 && !e.link.below || e.hashes > 20000) {
			t.Errorf("%s: %s: %d hashes", v.name, v.mistake, e.hashes)
		}
	}
}

// The file of vectors is what its script writes.
func TestVectorsOfAllSchemesAreMade(t *testing.T) {
	python := interpreter(t, "python3")
	got, err := exec.Command(python, "testdata/mistakes_of_schemes.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/mistakes_of_schemes.tsv")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("testdata/mistakes_of_schemes.tsv is not what the script beside it writes: %v", err)
	}
}

// With another key the same links prove nothing.
func TestExamineOfAllSchemesProvesNothingByChance(t *testing.T) {
	for _, v := range otherVectors(t) {
		if slices.Contains([]string{"old_key", "other_host_key", "empty_key"}, v.mistake) {
			continue
		}
		v.suspect.Keys = []Key{v.key(t, "nobodys_secret")}
		if f, ok := NewExaminer(v.scheme).Examine(&v.suspect); ok {
			t.Errorf("%s: %s: %s: found %q, %s", v.name, v.mistake, v.suspect.Target, f.Mistake.Name, f.Hashed)
		}
	}
}

// What is explained names the mistake, and no link that is as it should be bears one.
func TestExplainVectorsOfAllSchemes(t *testing.T) {
	for _, v := range otherVectors(t) {
		x := Explain(v.scheme, &v.suspect)
		switch {
		case v.mistake == "" && (x.Verdict != Valid || x.Found.Mistake.Name != "" || len(x.Hashed) == 0 || x.Signed != ""):
			t.Errorf("%s: %s: %v %s, found %q, hashed %q, signed %q", v.name, v.suspect.Target, x.Verdict, x.Detail, x.Found.Mistake.Name, x.Hashed, x.Signed)
		case v.mistake != "" && len(x.Cleaned) == 0 && (x.Found.Mistake.Name != v.mistake || x.Verdict != Valid && x.Verdict != Expired && x.Signed != v.hashed):
			t.Errorf("%s: %s: %s: %v, found %q, signed %q", v.name, v.mistake, v.suspect.Target, x.Verdict, x.Found.Mistake.Name, x.Signed)
		}
	}
}
