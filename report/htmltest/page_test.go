package htmltest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestLoadsInSilence(t *testing.T) {
	demo, err := os.ReadFile(filepath.Join(fixtures, "demo.html"))
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string][]byte{"demo": demo}
	for _, name := range []string{"widen", "hostile", "empty"} {
		_, pages[name] = fixture(t, name)
	}
	for name, text := range pages {
		p := open(t, text, look{scripts: true})
		said, requests := p.heard()
		if len(said) > 0 {
			t.Errorf("%s says %q", name, said)
		}
		if len(requests) != 1 || !strings.HasPrefix(requests[0], "file:///") {
			t.Errorf("%s asks for %q", name, requests)
		}
		if ask[bool](t, p, `document.querySelector("form.controls")?.hidden ?? false`) {
			t.Errorf("%s: the script did not run", name)
		}
	}
}

// TestThePolicyHolds lets a page ask a server for something: it may not. The same
// page without its policy may, which shows that the test can fail.
func TestThePolicyHolds(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1) }))
	defer server.Close()
	_, text := fixture(t, "widen")
	free := bytes.Replace(text, []byte("Content-Security-Policy"), []byte("x-none"), 1)
	lure := fmt.Sprintf(`new Promise(done => { const i = new Image(); i.onload = i.onerror = () => done(true); i.src = "%[1]s/i.png"; })
		.then(() => new Promise(done => { const l = document.createElement("link"); l.rel = "stylesheet"; l.onload = l.onerror = () => done(true); l.href = "%[1]s/s.css"; document.head.append(l); }))
		.then(() => fetch("%[1]s/f").catch(() => 0)).then(() => true)`, server.URL)
	for _, c := range []struct {
		text []byte
		want bool
	}{{text, false}, {free, true}} {
		asked.Store(0)
		p := open(t, c.text, look{scripts: true})
		if _, err := chromedp.Run(p, chromedp.Evaluate[bool](lure, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatal(err)
		}
		if got := asked.Load() > 0; got != c.want {
			t.Errorf("asked %d times, policy in force: %v", asked.Load(), !c.want)
		}
	}
}

// TestHostileTextStaysText counts what can run or fetch in a page whose every
// field is hostile.
func TestHostileTextStaysText(t *testing.T) {
	a, text := fixture(t, "hostile")
	p := open(t, text, look{scripts: true})
	got := ask[[]string](t, p, `[...document.querySelectorAll("*")].flatMap(e => [
		...(["SCRIPT", "STYLE"].includes(e.tagName) && e.attributes.length ? [e.tagName] : []),
		...(["IMG", "IFRAME", "OBJECT", "EMBED", "LINK", "BASE", "VIDEO", "AUDIO", "FOREIGNOBJECT", "MARQUEE"].includes(e.tagName.toUpperCase()) ? [e.tagName] : []),
		...[...e.attributes].filter(a => /^on|^style$|^src$|^srcset$|^action$|^formaction$/i.test(a.name) || /href$/i.test(a.name) && !a.value.startsWith("#")).map(a => e.tagName + " " + a.name)])`)
	if len(got) > 0 {
		t.Errorf("found %q", got)
	}
	if n := ask[int](t, p, `document.scripts.length`); n != 1 {
		t.Errorf("%d scripts", n)
	}
	seen := ask[string](t, p, `document.body.textContent`)
	for _, want := range []string{"<script>@team", `\x1b[31mRED`, `\u202e`, "影片"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is not to be read", want)
		}
	}
	if want := a.Users.Flagged[0].ID; strings.Contains(seen, want) {
		t.Errorf("an id with control characters stands there as it is")
	}
}

// TestFitsNarrowScreens: nothing sticks out, at no width.
func TestFitsNarrowScreens(t *testing.T) {
	for _, name := range []string{"widen", "hostile", "twelve_hosts", "mask_not_enough"} {
		_, text := fixture(t, name)
		p := open(t, text, look{scripts: true})
		for _, width := range []int64{360, 768, 1000, 1280} {
			do(t, p, chromedp.EmulateViewport(width, 900))
			if got := ask[int64](t, p, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("%s at %d pixels is %d wide", name, width, got)
			}
		}
	}
}

// contrast lists texts that stand out too little from what is behind them (WCAG
// 2.2, 1.4.3: 4.5 to 1, large text 3 to 1), the ratio before each.
const contrast = `(() => {
	const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const rgb = text => text.match(/[\d.]+/g).map(Number);
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const out = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "TITLE", "DESC", "title", "desc"].includes(e.tagName) || !e.checkVisibility()) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize);
		const a = light(rgb(e instanceof SVGElement ? style.fill : style.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) out.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " " + walk.currentNode.data.trim().slice(0, 40));
	}
	return [...out];
})()`

func TestContrast(t *testing.T) {
	_, text := fixture(t, "twelve_hosts")
	for _, l := range []look{{scripts: true}, {scripts: true, dark: true}, {scripts: true, dark: true, print: true}} {
		p := open(t, text, l)
		if got := ask[[]string](t, p, contrast); len(got) > 0 {
			t.Errorf("%+v: %q", l, got)
		}
	}
	faint := bytes.Replace(text, []byte("--soft: #565b63"), []byte("--soft: #b5b5b5"), 1)
	weak := bytes.Replace(faint, []byte("Content-Security-Policy"), []byte("x-none"), 1)
	if got := ask[[]string](t, open(t, weak, look{}), contrast); len(got) == 0 {
		t.Error("faint text was not found")
	}
}
