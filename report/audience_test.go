package report

import (
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/report/reporttest"
)

func TestGoldensOfAudience(t *testing.T) {
	for name, a := range cases(t) {
		for _, who := range []Audience{ForSupport, ForCustomer} {
			reporttest.Golden(t, fixtures, name+"."+string(who)+".md", string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who})))
		}
	}
}

// TestCustomersSeeNoAddress puts addresses into every text that a log can set.
func TestCustomersSeeNoAddress(t *testing.T) {
	const evil = "203.0.113.9 2001:db8::1 abcdefAAAAAAAAAAAAAAAA"
	for name, a := range cases(t) {
		for i := range a.Users.Flagged {
			u := &a.Users.Flagged[i]
			u.UserAgent, u.Reason, u.SignedIP = "203.0.113.9/1.0 "+evil, evil, evil
		}
		for i := range a.Recommendations {
			r := &a.Recommendations[i]
			r.Reason, r.Caveats, r.Change = evil, []string{evil}, append(r.Change, evil)
		}
		for i := range a.Calibration {
			a.Calibration[i].Reason = evil
		}
		a.Denials.ByHost["203.0.113.9"] = map[string]int64{"expired": 3}
		a.Warnings = append(a.Warnings, evil)
		text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: ForCustomer}))
		if found := anyAddress.FindString(text); found != "" || strings.Contains(text, "abcdefAAAA") || len(text) < 100 {
			t.Errorf("%s: %q in\n%s", name, found, text)
		}
		page := string(render(t, Format{Render: renderHTML}, a, Options{Audience: ForCustomer}))
		page = strings.Replace(page, asset("page.css"), "", 1)
		if found := anyAddress.FindString(page); found != "" || strings.Contains(page, "abcdefAAAA") || strings.Contains(page, "<script>") {
			t.Errorf("%s: %q in the page", name, found)
		}
		if all := string(render(t, Format{Render: renderMarkdown}, a, Options{})); !anyAddress.MatchString(all) {
			t.Errorf("%s: the test looks for nothing", name)
		}
	}
}

// TestNetworksInLinks: where links name the network themselves, nobody is asked for a setting or an hour.
func TestNetworksInLinks(t *testing.T) {
	for scheme, want := range map[string]map[Audience]string{
		"":           {ForSupport: "# Request: bind links", ForCustomer: "at which hour the setting changes", "": "on the plan that it needs"},
		"akamai":     {ForSupport: "whether links can be bound to a network at all", ForCustomer: "at which hour the setting changes", "": "on the plan that it needs"},
		"cloudfront": {ForSupport: "no setting of the CDN", ForCustomer: "nothing is set at the CDN", "": "the site's consent."},
	} {
		a := load(t, fixtures+"/widen.json")
		for i := range a.Calibration {
			a.Calibration[i].Policy.Scheme = scheme
		}
		for who, text := range want {
			got := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who}))
			if !strings.Contains(got, text) || scheme == "cloudfront" && (strings.Contains(got, "told by the CDN") || strings.Contains(got, "Please tell us") || strings.Contains(got, "text form of a cut")) {
				t.Errorf("%q, %q: no %q in\n%s", scheme, who, text, got)
			}
		}
		s := a.Recommendations[0].Setting(a.Calibration[0].Policy, a.Method)
		if all := strings.Join(request("cdn.example.com", s), "\n"); strings.Contains(all, "Please bind") == (scheme == "cloudfront") || strings.Contains(all, "Please tell us") == (scheme == "cloudfront") {
			t.Errorf("%q: %s", scheme, all)
		}
	}
}

// TestEnoughAndUndecided: where as many users are affected as decide, and the log leaves it open, no longer log is asked for.
func TestEnoughAndUndecided(t *testing.T) {
	for users, asked := range map[int64]bool{29: true, 30: false, 45: false} {
		a := load(t, fixtures+"/insufficient.json")
		for i := range a.Recommendations {
			a.Recommendations[i].AffectedUsers = users
		}
		for who, longer := range map[Audience]string{"": "a longer log: 29 users are affected, 30 decide", ForCustomer: "a longer log would tell"} {
			if text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who})); strings.Contains(text, longer) != asked || strings.Contains(text, "This log does not tell") != (!asked && who == ForCustomer) {
				t.Errorf("%d users, for the %s:\n%s", users, who, text)
			}
		}
	}
}

// TestOneSideThatCuts: where signer and edge differ neither a changed address nor a longer log is spoken of.
func TestOneSideThatCuts(t *testing.T) {
	for remedy, said := range map[finding.Remedy]string{finding.AlignSigner: "both have to do the same", finding.AlignEdge: "seem to disagree on what is signed"} {
		a := load(t, fixtures+"/insufficient.json")
		for i := range a.Recommendations {
			a.Recommendations[i].Remedy, a.Recommendations[i].AffectedUsers = remedy, 20
			a.Recommendations[i].Reason = "Nothing can be said about masks, as one side cuts addresses."
		}
		for _, who := range []Audience{"", ForCustomer} {
			text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who}))
			if strings.Contains(text, "a longer log: ") || strings.Contains(text, "a longer log would") || who == ForCustomer && (strings.Contains(text, "address had changed") || !strings.Contains(text, said)) {
				t.Errorf("%s, for the %q:\n%s", remedy, who, text)
			}
		}
	}
}

// TestMoreUsersWouldNotTell: no longer log is asked for where the reason asks for another one.
func TestMoreUsersWouldNotTell(t *testing.T) {
	a := load(t, fixtures+"/insufficient.json")
	for i := range a.Recommendations {
		a.Recommendations[i].AffectedUsers, a.Recommendations[i].Reason = 20, "Nothing can be said about masks: send a log with whole addresses."
	}
	for _, who := range []Audience{"", ForCustomer} {
		if text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who})); strings.Contains(text, "longer log") {
			t.Errorf("for the %q:\n%s", who, text)
		}
	}
}

// TestGainOfAKey is said where there is no key, and nowhere else.
func TestGainOfAKey(t *testing.T) {
	for name, a := range cases(t) {
		text := string(render(t, Format{Render: renderText}, a, Options{})) + string(render(t, Format{Render: renderMarkdown}, a, Options{}))
		if got, want := strings.Count(strings.Join(strings.Fields(text), " "), "say which address each refused link was"), 0; name == "no_key" && got != 2 || name != "no_key" && got != want {
			t.Errorf("%s: said %d times", name, got)
		}
	}
	a := load(t, fixtures+"/no_key.json")
	for host := range a.Denials.ByHost {
		a.Denials.ByHost[host] = map[string]int64{"unsigned": 34}
	}
	if text := string(render(t, Format{Render: renderText}, a, Options{})); strings.Contains(text, "a key ") {
		t.Errorf("a key is promised to tell of links without a token:\n%s", text)
	}
	text := string(render(t, Format{Render: renderText}, load(t, fixtures+"/no_key.json"), Options{Width: 200}))
	if !strings.Contains(strings.Join(strings.Fields(text), " "), "would name the cause of 900 unchecked refusals, prove or refute 5,124 inferred causes, and say") {
		t.Error(text)
	}
}

// TestCustomersAreToldWhatHelps: no advice contradicts what was found.
func TestCustomersAreToldWhatHelps(t *testing.T) {
	for name, c := range map[string]struct {
		edit      func(r *finding.Recommendation)
		says, not string
	}{
		"proxy":    {func(r *finding.Recommendation) { r.Remedy = finding.MendSigner }, "internet address of its own proxy in the place of theirs", "address had changed"},
		"families": {func(r *finding.Recommendation) { r.Remedy = finding.SameFamilies }, "changed between IPv4 and IPv6", "fetch a new link"},
		"far":      {func(r *finding.Recommendation) { r.Remedy = finding.RenewLinks }, "fetch a new link", "proxy"},
		"never":    {func(r *finding.Recommendation) { r.Remedy = finding.UnbindLinks }, "under another internet address than the CDN does", "fetch a new link"},
		"relays": {func(r *finding.Recommendation) {
			r.Decision, r.AffectedUsers, r.RelayedUsers = finding.KeepCurrent, 0, 28
		}, "Only 28 viewers behind relays", "can stay as it is"},
		"veto": {func(r *finding.Recommendation) {
			r.Decision, r.StrangersLetIn = finding.KeepCurrent, &finding.Share{Share: 0.83, Low: 0.73, High: 0.9, Links: 63}
		}, "would also let in 83 % of those who tried links that were passed on", "too few"},
		"masked": {func(r *finding.Recommendation) {
			r.Decision, r.Prefix, r.CurrentPrefix = finding.Widen, new(16), new(24)
		}, "(/16) instead of the /24 of today", "single address"},
		"untold": {func(r *finding.Recommendation) {
			r.Decision, r.AffectedUsers, r.UntoldUsers = finding.KeepCurrent, 0, 30
		}, "30 viewers were refused at another one, where somebody else may have had the link", "Nobody"},
		"mended": {func(r *finding.Recommendation) {
			r.Decision, r.AffectedUsers, r.MendedUsers = finding.KeepCurrent, 0, 89
		}, "as links are tied to viewers now; 89 viewers were before that was changed", "can stay as it is"},
		"unsettled": {func(r *finding.Recommendation) {
			r.Decision, r.Prefix, r.UnresolvedUsers, r.IfUnresolvedCount = finding.Widen, new(16), 27, finding.Bound{Share: 0.82, Low: 0.76}
		}, "we recommend it as soon as one thing is known: 27 more viewers were refused for a reason that we cannot tell yet", "recommend it."},
		"settled": {func(r *finding.Recommendation) {
			r.Decision, r.Prefix, r.UnresolvedUsers, r.IfUnresolvedCount = finding.Widen, new(16), 27, finding.Bound{Share: 0.9, Low: 0.81}
		}, "and we recommend it.", "one thing is known"},
		"unexplained": {func(r *finding.Recommendation) { r.Decision, r.AffectedUsers = finding.KeepCurrent, 0 }, "No refusal is proven to come from", "Nobody"},
	} {
		a := load(t, fixtures+"/mask_not_enough.json")
		a.Recommendations = a.Recommendations[:1]
		c.edit(&a.Recommendations[0])
		if p := a.Recommendations[0].CurrentPrefix; p != nil && *p < 32 {
			a.Calibration[0].Policy.Binding, a.Calibration[0].Policy.Prefix4 = "mask", *p
		}
		a.Denials.ByHost[a.Recommendations[0].Host]["unresolved_signature"] = 7
		text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: ForCustomer}))
		answer, _, _ := strings.Cut(text, "| Why")
		if !strings.Contains(answer, c.says) || strings.Contains(answer, c.not) {
			t.Errorf("%s: want %q, not %q:\n%s", name, c.says, c.not, answer)
		}
	}
}

// TestFamiliesOfACustomerSayTheSameOnce as in the other reports.
func TestFamiliesOfACustomerSayTheSameOnce(t *testing.T) {
	a := load(t, fixtures+"/mask_not_enough.json")
	for i := range a.Recommendations {
		r := &a.Recommendations[i]
		r.Decision, r.AffectedUsers, r.Reason = finding.KeepCurrent, 0, r.Family
	}
	text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: ForCustomer}))
	if n := strings.Count(text, "can stay as it is"); n != 1 || strings.Contains(text, "IPv4: ") {
		t.Errorf("said %d times:\n%s", n, text)
	}
}

// TestSupportIsToldOfNoMaskThatNobodyAskedFor in the row of a host that keeps its
// setting.
func TestSupportIsToldOfNoMaskThatNobodyAskedFor(t *testing.T) {
	a := load(t, fixtures+"/keep_current.json")
	a.Calibration[0].Policy.Form = ""
	a.Recommendations[0].ExposureNow, a.Recommendations[0].Exposure = 0, 0.062
	text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: ForSupport}))
	if strings.Contains(text, "6.2 %") || strings.Contains(text, "to be told |") {
		t.Error(text)
	}
}

// TestCustomersGetAPageInPlainWords: what is mailed holds no word of the trade.
func TestCustomersGetAPageInPlainWords(t *testing.T) {
	for name, a := range cases(t) {
		page := string(render(t, Format{Render: renderHTML}, a, Options{Audience: ForCustomer}))
		page = strings.ToLower(strings.Replace(page, asset("page.css"), "", 1))
		for _, word := range []string{"calibrat", "ip_mismatch", "refused_elsewhere", "hash", "token", "mask", "exposure", "strangers", "--asn-db", "threshold", "bound"} {
			if strings.Contains(page, word) {
				t.Errorf("%s: the page says %q", name, word)
			}
		}
	}
}

// TestCustomersAreToldBothFamilies: where a mask is advised for IPv4 and for IPv6, the
// signer has to cut both.
func TestCustomersAreToldBothFamilies(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	four, six := 16, 64
	a.Recommendations[0].Family, a.Recommendations[0].Prefix = "ipv4", &four
	other := a.Recommendations[0]
	other.Family, other.Prefix = "ipv6", &six
	a.Recommendations = append(a.Recommendations, other)
	for _, f := range []Format{{Render: renderMarkdown}, {Render: renderHTML}} {
		text := string(render(t, f, a, Options{Audience: ForCustomer}))
		if !strings.Contains(text, "IPv4 address to its first 16 bits and an IPv6 address to its first 64 bits before signing") {
			t.Error(text)
		}
	}
}

// TestOnlyGcoreHasADebugPage: viewers of another CDN are not sent to Gcore's.
func TestOnlyGcoreHasADebugPage(t *testing.T) {
	for scheme, gcore := range map[string]bool{"gcore": true, "gcore-video": true, "bunny": false, "akamai": false} {
		a := load(t, fixtures+"/widen.json")
		for i := range a.Calibration {
			a.Calibration[i].Policy.Scheme = scheme
		}
		for _, who := range []Audience{ForEngineer, ForCustomer} {
			if text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who})); strings.Contains(text, "gcore.com") != gcore {
				t.Errorf("%s, %s:\n%s", scheme, who, text)
			}
		}
	}
}

// TestTheLetterSaysWhatRefusalsHaveInCommon: what the CDN has to mend is not asked of the customer.
func TestTheLetterSaysWhatRefusalsHaveInCommon(t *testing.T) {
	const asked = "Which rules (countries, sites, devices) you have set"
	for trait, c := range map[string]struct {
		value, want string
		asked       bool
	}{
		"":                   {"", "a look at the rules for countries, sites and devices", true},
		finding.TraitEdge:    {"ed-02", "one of our servers, which refused nearly all of them", false},
		finding.TraitMethod:  {"OPTIONS", "nearly all of them are OPTIONS requests", true},
		finding.TraitCountry: {"RU<b>", "nearly all of them came from one (RU&lt;b&gt;)", true},
		finding.TraitOldKey:  {"1", "the old key for as long as its links live", false},
	} {
		a := &finding.Analysis{Calibration: []finding.Calibration{{Host: "a.example", Status: finding.Verified, Tokens: 50, Verified: 50}}}
		cause := figure.Either(trait == finding.TraitOldKey, "unresolved_signature", "refused_elsewhere")
		a.Denials.Total, a.Denials.ByHost = 40, map[string]map[string]int64{"a.example": {cause: 40}}
		if trait != "" {
			a.Denials.Common = []finding.Common{{Host: "a.example", Cause: cause, Trait: trait, Value: c.value, Requests: 40, Refused: 40}}
		}
		page := string(render(t, Format{Render: renderHTML}, a, Options{Audience: ForCustomer}))
		if !strings.Contains(page, c.want) || strings.Contains(page, asked) != c.asked || strings.Contains(page, "ed-02") {
			t.Errorf("%q: want %q, asked %t, in\n%s", trait, c.want, c.asked, page[strings.Index(page, "<main"):])
		}
	}
}

// TestNoHostIsNamed: where the log names no host, no heading is a hyphen, and no warning
// begins with one.
func TestNoHostIsNamed(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	host := a.Recommendations[0].Host
	for i := range a.Recommendations {
		a.Recommendations[i].Host = "-"
	}
	for i := range a.Calibration {
		a.Calibration[i].Host = "-"
	}
	a.Denials.ByHost["-"] = a.Denials.ByHost[host]
	delete(a.Denials.ByHost, host)
	a.Warnings = []string{"-: no served request has a token"}
	for name, c := range map[string]struct {
		f Format
		o Options
	}{
		"text":     {Format{Render: renderText}, Options{}},
		"markdown": {Format{Render: renderMarkdown}, Options{}},
		"support":  {Format{Render: renderMarkdown}, Options{Audience: ForSupport}},
		"customer": {Format{Render: renderMarkdown}, Options{Audience: ForCustomer}},
		"html":     {Format{Render: renderHTML}, Options{}},
	} {
		if text := string(render(t, c.f, a, c.o)); !strings.Contains(text, "Requests without a host name") || strings.Contains(text, "-: no served") || strings.Contains(text, `- \-, IPv4`) || strings.Contains(text, `- \-: from`) {
			t.Errorf("%s:\n%.2000s", name, text)
		}
	}
}

// TestRule18UnsettledIsNotAskedFor: nobody is asked to make, or to consent to, a change that may help too few.
func TestRule18UnsettledIsNotAskedFor(t *testing.T) {
	for low, unsettled := range map[float64]bool{0.8: false, 0.79: true} {
		a := load(t, fixtures+"/widen.json")
		for i := range a.Recommendations {
			r := &a.Recommendations[i]
			r.UnresolvedUsers, r.IfUnresolvedCount = 40, finding.Bound{Share: low + 0.05, Low: low}
		}
		for who, settled := range map[Audience]string{"": "the site's consent", ForCustomer: "Your consent to the change", ForSupport: "# Request: bind links"} {
			text := string(render(t, Format{Render: renderMarkdown}, a, Options{Audience: who}))
			if strings.Contains(text, settled) == unsettled || strings.Contains(text, "(not settled)") != (unsettled && who == ForSupport) {
				t.Errorf("%q, with a lower bound of %.2f: %.300s", who, low, text)
			}
		}
	}
}
