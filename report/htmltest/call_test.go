package htmltest

import (
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// call sends one command of the protocol.
func call[P, R any](t *testing.T, p *tab, command cdp.Command[P, R], params P) R {
	t.Helper()
	got, err := chromedp.Call(p, command, params)
	if err != nil {
		t.Fatalf("%s: %v", command.Method, err)
	}
	return got
}
