package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/finding"
)

// A signer that sees its own proxy is found out where the proxy is in no log: it
// has a private address.
func TestRule03TheSignersPrivateProxy(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 60 {
		ip := stranger(100 + i)
		l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), "172.20.1.9"), ip, 403)
	}
	tr := l.try(t, settings{recover: detect.RecoverNear})
	r := tr.advice(folder.host, "ipv4")
	if n := tr.Denials.ByCause["ip_mismatch"]; n != 60 || r == nil || r.Decision != finding.MaskNotEnough || !strings.Contains(r.Reason, "172.20.1.9") {
		t.Errorf("%d of 60 refusals are explained; %+v", n, r)
	}
	if tr := l.try(t, settings{recover: detect.RecoverNone}); tr.Denials.ByCause["unresolved_signature"] != 60 {
		t.Errorf("--recover none searched: %v", tr.Denials.ByCause)
	}
}
