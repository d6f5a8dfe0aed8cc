package finding

import "strings"

// DebugPage shows the viewer's address as Gcore's edge sees it; its support asks
// for it.
const DebugPage = "https://gcore.com/.well-known/cdn-debug/json"

// AddressPage is where viewers of hosts with that token scheme see their own
// address: only Gcore has a page that tells what its edge sees.
func AddressPage(scheme string) string {
	if scheme == "" || strings.HasPrefix(scheme, "gcore") {
		return DebugPage
	}
	return `a "what is my IP address" page`
}
