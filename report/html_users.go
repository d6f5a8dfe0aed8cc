package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// tableSteps is how many steps of timelines are also written as tables, over all
// users: more would make a page too large to send.
const tableSteps = 3000

// flagged says how many users are listed, and how many not.
type flagged struct {
	People, Shared, Omitted string
	Untabled                string // how many steps were written out, where some timelines have no table
	Classes, Hosts          []string
}

// person is one flagged user.
type person struct {
	ID, Token, Agent, Class, Host, Carrier    string
	Requests, Refusals, Switches, Addresses   string
	Interrupted, First, Reason, Signed, Moves string
	Timeline                                  sketch
}

// sharedLink is a link that was requested from many networks, with all listed
// users of it.
type sharedLink struct {
	Token, Host, Signed, Reason, First string
	Users, Requests, Refusals          string
	Networks                           string
	Timeline                           sketch
}

func (p *page) people(a *finding.Analysis, all []*host) {
	budget := tableSteps
	var people, sharing []finding.User
	expired := map[string][]int{}
	for _, h := range all {
		if expired[h.name] = h.policy().Expired; h.failed() {
			continue
		}
		for _, u := range h.users {
			if u.Class == finding.ManyNetworks {
				sharing = append(sharing, u)
			} else {
				people = append(people, u)
			}
		}
	}
	for _, u := range people {
		p.People = append(p.People, personOf(u, expired[u.Host], &budget))
		p.Flagged.Classes, p.Flagged.Hosts = append(p.Flagged.Classes, className(u.Class)), append(p.Flagged.Hosts, u.Host)
	}
	for _, users := range byLink(sharing) {
		p.Shared = append(p.Shared, sharedOf(users, expired[users[0].Host], &budget))
	}
	f := &p.Flagged
	f.People, f.Shared = figure.Plural(len(people), "user", "users"), figure.Plural(len(p.Shared), "link", "links")
	if budget <= 0 {
		f.Untabled = figure.Count(tableSteps)
	}
	if a.Users.Omitted > 0 {
		f.Omitted = figure.Plural(a.Users.Omitted, "flagged user is not listed here", "flagged users are not listed here")
	}
	f.Classes, f.Hosts = distinct(f.Classes), distinct(f.Hosts)
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func className(c finding.Class) string { return strings.ReplaceAll(string(c), "_", " ") }

func personOf(u finding.User, expired []int, budget *int) person {
	out := person{
		ID: clip(u.ID), Token: brief(u.Token), Agent: clip(player(u.UserAgent)), Class: className(u.Class), Host: u.Host, Carrier: network(u.ASN),
		Requests: figure.Count(u.Requests), Refusals: figure.Count(u.Refusals), Switches: figure.Count(u.Switches), Addresses: figure.Count(u.Addresses), Interrupted: "no",
		First: stamped(u.First), Reason: u.Reason, Signed: brief(u.SignedIP), Moves: moves(u),
	}
	if u.Interrupted {
		out.Interrupted = "yes"
	}
	out.Timeline = draw(u.Timeline, u.SignedIP, expired, budget)
	return out
}

// brief is clip, but leaves an empty text empty.
func brief(s string) string {
	if s == "" {
		return ""
	}
	return clip(s)
}

// stamped writes a time for people, to the second; a text that is no time stays as it is.
func stamped(text string) string {
	if t := instant(text); !t.IsZero() {
		return t.Format(time.DateTime)
	}
	return text
}

// byLink gathers the users of each link, the link with most users first.
func byLink(users []finding.User) [][]finding.User {
	type key struct{ host, token, signed, id string }
	at := map[key]int{}
	var links [][]finding.User
	for _, u := range users {
		k := key{u.Host, u.Token, u.SignedIP, ""}
		if u.Token == "" && u.SignedIP == "" {
			k.id = u.ID
		}
		if _, known := at[k]; !known {
			at[k] = len(links)
			links = append(links, nil)
		}
		links[at[k]] = append(links[at[k]], u)
	}
	slices.SortStableFunc(links, func(a, b []finding.User) int { return cmp.Compare(len(b), len(a)) })
	return links
}

func sharedOf(users []finding.User, expired []int, budget *int) sharedLink {
	u := users[0]
	out := sharedLink{Token: brief(u.Token), Host: u.Host, Signed: brief(u.SignedIP), Reason: u.Reason, Users: figure.Count(len(users))}
	var events []finding.Event
	var requests, refusals int64
	for _, u := range users {
		events = append(events, u.Timeline...)
		requests, refusals = requests+u.Requests, refusals+u.Refusals
	}
	slices.SortStableFunc(events, func(a, b finding.Event) int { return instant(a.Time).Compare(instant(b.Time)) })
	out.Requests, out.Refusals, out.First = figure.Count(requests), figure.Count(refusals), stamped(first(events))
	out.Timeline = draw(events, u.SignedIP, expired, budget)
	out.Timeline.Way = "" // these are several viewers
	networks := map[string]bool{}
	for _, e := range events {
		networks[networkOf(e.IP)] = true
	}
	out.Networks = figure.Count(len(networks))
	return out
}
