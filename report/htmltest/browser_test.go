// Package htmltest opens the HTML report in a real Chromium. It holds tests only,
// so that nothing else has to know a browser.
//
// Screenshots and a PDF are kept in the folder that IPDRIFT_SCREENSHOTS names.
// Where there is no Chromium the tests are skipped, unless
// IPDRIFT_REQUIRE_CHROMIUM is set.
package htmltest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"ipdrift/detect/finding"
	"ipdrift/report"
)

const fixtures = "../../testdata/report"

// browser is the one that all tests share; each opens tabs of its own.
var browser context.Context

func TestMain(m *testing.M) {
	os.Exit(withBrowser(m))
}

func withBrowser(m *testing.M) int {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return m.Run()
	}
	profile, err := os.MkdirTemp("", "ipdrift-chromium")
	if err != nil {
		return 1
	}
	defer os.RemoveAll(profile)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil { // starts it
		os.Stderr.WriteString("chromium does not start: " + err.Error() + "\n")
		return 1
	}
	browser = ctx
	return m.Run()
}

// tab is an open page.
type tab struct {
	context.Context
	mu       sync.Mutex
	said     []string // to the console
	requests []string
}

// look is how a page is opened.
type look struct {
	width   int64 // 0: 1280
	dark    bool
	print   bool
	scripts bool // false: as a reader sees it who has switched them off
}

// open shows a page and waits until it is loaded.
func open(t *testing.T, text []byte, l look) *tab {
	t.Helper()
	if browser == nil {
		if os.Getenv("IPDRIFT_REQUIRE_CHROMIUM") != "" {
			t.Fatal("no Chromium was found: apt-get install chromium")
		}
		t.Skip("no Chromium was found")
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewContext(browser)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(func() { cancel(); stop() })
	p := &tab{Context: ctx}
	do(t, p) // the tab has to be there before it is listened to
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	call(t, p, network.Enable, network.EnableParams{})
	scheme, medium := "light", ""
	if l.dark {
		scheme = "dark"
	}
	if l.print {
		medium = "print"
	}
	call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	call(t, p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !l.scripts})
	if l.width == 0 {
		l.width = 1280
	}
	do(t, p, chromedp.EmulateViewport(l.width, 900), chromedp.Navigate("file://"+path))
	return p
}

// hear notes what a page says and asks for.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.said = append(p.said, string(e.Type))
	case *runtime.EventExceptionThrown:
		p.said = append(p.said, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		p.said = append(p.said, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// heard is what was said to the console, and asked for, so far.
func (p *tab) heard() (said, requests []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said), slices.Clone(p.requests)
}

func do(t *testing.T, p *tab, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	got, err := chromedp.Run(p, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// fixture is a stored analysis, and the page it makes.
func fixture(t *testing.T, name string) (*finding.Analysis, []byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fixtures, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var a finding.Analysis
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return &a, rendered(t, &a)
}

func rendered(t *testing.T, a *finding.Analysis) []byte {
	t.Helper()
	f, err := report.FormatNamed("html")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Render(&b, a, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keep stores a picture, where a folder is named for it.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	folder := os.Getenv("IPDRIFT_SCREENSHOTS")
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
