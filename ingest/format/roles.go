package format

import (
	"fmt"
	"slices"
	"strings"

	"ipdrift/ingest/figure"
)

// mostly is the share of values from which on a column is what they are: garbage and "-" may stand between.
const mostly = 0.8

// claim gives f to the first free column from "from" on whose values are mostly like it; it returns the column, or -1.
func (t *table) claim(f field, from int, like func(string) bool) int {
	for i := max(from, 0); i < len(t.columns); i++ {
		if t.roles[i] == skipped && !t.namedOther(i, f) && t.mostly(i, like) {
			t.roles[i] = f
			return i
		}
	}
	return -1
}

// name is the word before a column's value, as in host=, folded; "" if there is none.
func (t *table) name(column int) string {
	word := strings.TrimRight(t.before[column], `=:"[ `)
	if word == "" || !strings.ContainsAny(t.before[column], "=:") && !titled(t.before[column]) {
		return ""
	}
	if i := strings.LastIndexAny(word, "\" \t|,;{[]"); i >= 0 {
		word = word[i+1:]
	}
	return folded(word)
}

// titled reports whether a name stands in brackets with its value: [Client 203.0.113.7].
func titled(before string) bool {
	i := strings.LastIndexByte(before, '[')
	return i >= 0 && titleLength(before[i+1:]+"-") > 0
}

// shortName maps the abbreviations people write before a value.
func shortName(name string) field {
	switch name {
	case "addr", "remote", "src", "cip":
		return client
	case "rt", "req_time", "reqtime":
		return duration
	case "us", "ust", "upstream":
		return upstream
	case "cc", "geo":
		return country
	case "ref":
		return referer
	case "req":
		return request
	case "st":
		return status
	case "length":
		return size
	case "t":
		return when
	case "m":
		return method
	}
	f, _ := known(name)
	return f
}

// namedOther reports whether a column has a name that means something else than f, or nothing known.
func (t *table) namedOther(column int, f field) bool {
	name := t.name(column)
	return name != "" && shortName(name) != f
}

// assign says what each column means: first by its name, then by the look of its values and its neighbours.
func (t *table) assign() {
	t.assignNamed()
	t.assignClient()
	t.assignDuration()
	t.assignTime()
	t.require(when, isMoment)
	t.require(when, isUndated)
	line := t.require(request, isRequest)
	if line < 0 {
		line = t.rareRequest()
	}
	if line < 0 {
		t.claimOnce(method, 0, isMethod)
		line = t.withQuery(t.require(target, isTarget))
		t.assignQuery(line)
	}
	if t.column(status) < 0 && t.claim(status, line+1, isStatus) < 0 {
		t.require(status, isStatus)
	}
	t.ownStatus()
	t.assignSize()
	t.assignForwarded()
	t.assignAgent(line)
	t.assignServer()
	t.claimOnce(host, 0, isHost)
	t.assignNetwork()
}

// assignNetwork finds the number of the client's network where it is written as AS3320, and the country beside it or behind the client's
// address.
func (t *table) assignNetwork() {
	at := t.claimOnce(asn, 0, isASN)
	for _, i := range []int{t.column(client) + 1, at - 1, at + 1} {
		if t.column(country) < 0 && i > 0 && (at >= 0 || i == t.column(client)+1) && i < len(t.columns) && t.roles[i] == skipped && !t.namedOther(i, country) &&
			t.mostly(i, func(s string) bool { return isNone(s) || isCountry(s) }) && t.share(i, isNone) < mostly {
			t.roles[i] = country
		}
	}
}

// assignNamed trusts names, where the values do not speak against them.
func (t *table) assignNamed() {
	for i := range t.columns {
		name := t.name(i)
		f := shortName(name)
		if name == "" || t.column(f) >= 0 || !t.mostly(i, looks(f)) || f == agent && !t.tellsAgents(i) {
			continue
		}
		t.roles[i] = f
	}
}

// tellsAgents tells user agents from the upstream's address, which is called ua in the log_format that NGINX Amplify's manual asks for.
func (t *table) tellsAgents(column int) bool {
	none := t.share(column, isNone)
	return none < 1 && t.share(column, func(s string) bool { return isAddress(s) || strings.HasPrefix(s, "unix:") }) < (1-none)/2
}

// claimOnce is claim for a field that no column has; it returns the column that has it then, or -1.
func (t *table) claimOnce(f field, from int, like func(string) bool) int {
	if i := t.column(f); i >= 0 {
		return i
	}
	return t.claim(f, from, like)
}

// require is claimOnce for a field that no request goes without: names that are not known do not count then, nor those that the values
// speak against, as LTSV's host does, which is the client's address.
func (t *table) require(f field, like func(string) bool) int {
	if i := t.claimOnce(f, 0, like); i >= 0 {
		return i
	}
	for i := range t.columns {
		named := shortName(t.name(i))
		if t.roles[i] == skipped && (named == skipped || !t.mostly(i, looks(named))) && t.mostly(i, like) {
			t.roles[i] = f
			return i
		}
	}
	return -1
}

// assignClient finds the client's address. What looks masked may be the id of a request or the owner of a bucket: then the address
// follows. Behind the request it is as likely that of a server, and the client's was masked; so it is where it is one of a few.
func (t *table) assignClient() {
	if t.column(client) >= 0 {
		return
	}
	hash := t.require(client, isAddress)
	if hash < 0 || t.mostly(hash, isNoHash) {
		return
	}
	for i := hash + 1; i < len(t.columns) && !t.mostly(i, isRequest) && !t.mostly(i, isTarget); i++ {
		if t.roles[i] == skipped && !t.namedOther(i, client) && t.mostly(i, isNoHash) {
			if !t.viewers(hash, i) {
				t.roles[hash], t.roles[i] = skipped, client
			}
			return
		}
	}
}

// viewers tells hashes that stand for clients from ids of requests, which hardly repeat, and owners of buckets, who are few: they come
// again, and are several for each address, which is a server's then.
func (t *table) viewers(hash, addresses int) bool {
	hashes := t.distinct(hash)
	return hashes*10 <= len(t.columns[hash])*9 && hashes >= 4*t.distinct(addresses)
}

// distinct counts the values of a column.
func (t *table) distinct(column int) int {
	seen := map[string]bool{}
	for _, text := range t.columns[column] {
		seen[text] = true
	}
	return len(seen)
}

// rareRequest finds the requests of a log most of whose lines have none, as where a load balancer only opens connections.
func (t *table) rareRequest() int {
	for i := range t.columns {
		if t.roles[i] != skipped || t.namedOther(i, request) {
			continue
		}
		if like := t.share(i, isRequest); like > 0 && like >= mostly*(1-t.share(i, isNone)) {
			t.roles[i] = request
			return i
		}
	}
	return -1
}

func (t *table) column(f field) int {
	for i, role := range t.roles {
		if role == f {
			return i
		}
	}
	return -1
}

// withQuery moves the target to a column that has the same paths with their queries, as Cloudflare's URI stands behind its path.
func (t *table) withQuery(line int) int {
	for i := line + 1; line >= 0 && i < len(t.columns); i++ {
		same, longer := 0, 0
		for n, whole := range t.columns[i] {
			if rest, ok := strings.CutPrefix(whole, t.columns[line][n]); ok && (rest == "" || rest[0] == '?') {
				same++
				longer += len(rest)
			}
		}
		if longer > 0 && float64(same) >= mostly*float64(len(t.columns[i])) && t.roles[i] == skipped && !t.namedOther(i, target) {
			t.roles[line], t.roles[i] = skipped, target
			return i
		}
	}
	return line
}

// assignQuery finds the query strings of targets that have none of their own, as in CloudFront's real-time logs.
func (t *table) assignQuery(line int) {
	if line < 0 || t.share(line, func(s string) bool { return strings.Contains(s, "?") }) > 0 {
		return
	}
	for i := line + 1; i < len(t.columns) && t.column(query) < 0; i++ {
		if t.roles[i] == skipped && !t.namedOther(i, query) && t.share(i, isQuery) > 0 && t.mostly(i, func(s string) bool { return isNone(s) || isQuery(s) }) {
			t.roles[i] = query
		}
	}
}

// ownStatus moves the status from the upstream's, which some lines have none of, to a later one that all have.
func (t *table) ownStatus() {
	at := t.column(status)
	if at < 0 || t.share(at, isNone) == 0 {
		return
	}
	for i := at + 1; i < len(t.columns); i++ {
		if t.roles[i] == skipped && !t.namedOther(i, status) && t.mostly(i, isStatus) && t.share(i, isNone) == 0 {
			t.roles[at], t.roles[i] = skipped, status
			return
		}
	}
}

// chancyLines are so few that every number of bytes in them may look like a status.
const chancyLines = 10

// rival says that a value beside the status may be it as well, in a file of a few lines; "" if there is none, or both are the same.
func (t *table) rival() string {
	at := t.column(status)
	if at < 0 || t.name(at) != "" || len(t.columns[at]) > chancyLines {
		return ""
	}
	for _, i := range []int{at - 1, at + 1} {
		if i >= 0 && i < len(t.columns) && t.roles[i] == skipped && t.name(i) == "" && t.share(i, isStatus) == 1 && !slices.Equal(t.columns[i], t.columns[at]) {
			return fmt.Sprintf("two values of a line look like its status: the one that stands %s was taken; if it is the other, --log-format names the values", figure.Either(at < i, "first", "last"))
		}
	}
	return ""
}

// assignSize takes the number behind the status, unless it is another status, as the upstream's is. What separates values may stand between.
func (t *table) assignSize() {
	state := t.column(status)
	next := state + 1
	for next < len(t.roles) && t.share(next, isMark) == 1 {
		next++
	}
	if state < 0 || next == len(t.roles) || t.column(size) >= 0 || t.roles[next] != skipped || !t.mostly(next, isCount) {
		return
	}
	if !t.mostly(next, func(s string) bool { return isNone(s) || isStatus(s) }) {
		t.roles[next] = size
	}
}

// assignForwarded finds X-Forwarded-For beside the addresses of proxies: the column with the most public addresses, which holds nothing
// else. Clients with public addresses of their own are more than there are in any other column; servers are fewer than proxies.
func (t *table) assignForwarded() {
	at := t.column(client)
	if at < 0 || t.column(forwarded) >= 0 {
		return
	}
	public, clients := !t.mostly(at, isPrivate), t.distinct(at)
	best, most := -1, 0.0
	for i := range t.columns {
		if t.roles[i] != skipped || t.namedOther(i, forwarded) || !t.mostly(i, func(s string) bool { return isNone(s) || isAddress(s) }) ||
			public && t.distinct(i) <= clients || t.distinct(i)*4 < clients {
			continue
		}
		if share := t.share(i, isPublic); share > most {
			best, most = i, share
		}
	}
	if best >= 0 {
		t.roles[best] = forwarded
	}
}

// assignAgent finds the user agent, mostly behind the request, and the referer, which stands beside it.
func (t *table) assignAgent(from int) {
	ua := t.column(agent)
	if ua < 0 {
		ua = t.likeAgent(from+1, len(t.columns))
	}
	if ua < 0 {
		ua = t.likeAgent(0, from)
	}
	for i := from + 2; ua < 0 && i < len(t.columns); i++ { // names without a version: what stands quoted behind a quoted referer
		if t.quoted[i] && t.quoted[i-1] && t.roles[i] == skipped && t.roles[i-1] == skipped && !t.namedOther(i, agent) &&
			t.mostly(i-1, isReferer) && !t.mostly(i, isCount) {
			ua = i
		}
	}
	if ua < 0 {
		return
	}
	t.roles[ua] = agent
	for _, i := range []int{ua - 1, ua + 1} {
		if i >= 0 && i < len(t.roles) && t.column(referer) < 0 && t.roles[i] == skipped && t.quoted[i] == t.quoted[ua] &&
			!t.namedOther(i, referer) && t.mostly(i, isReferer) {
			t.roles[i] = referer
		}
	}
	for i := range t.columns { // not beside it
		if t.column(referer) < 0 && t.roles[i] == skipped && !t.namedOther(i, referer) && t.mostly(i, isReferer) && t.share(i, isNone) < mostly {
			t.roles[i] = referer
		}
	}
	t.joinAgent(ua)
}

// joinAgent lets a user agent without quotes go on to the end of the line, where the word behind the first is a part of one, or a bracket is open
// yet: of most players, the first word alone is the same.
func (t *table) joinAgent(ua int) {
	next := ua + 1
	if next == len(t.columns) || t.tail != "" || t.quoted[ua] || t.before[next] == "" ||
		!t.mostly(next, func(s string) bool { return strings.HasPrefix(s, "(") || isAgent(s) }) &&
			!t.mostly(ua, func(s string) bool { return strings.Count(s, "(") > strings.Count(s, ")") }) {
		return
	}
	for i := next; i < len(t.columns); i++ {
		if t.roles[i] != skipped || t.quoted[i] || t.name(i) != "" {
			return
		}
	}
	t.before, t.columns, t.quoted, t.roles = t.before[:next], t.columns[:next], t.quoted[:next], t.roles[:next]
}

// assignServer finds the name of the server that wrote the line, which is not the host that was asked for: syslog puts it behind its time,
// and before the program and a colon (RFC 3164, 4.1), or behind a priority and a version (RFC 5424, 6.2).
func (t *table) assignServer() {
	isTime := func(s string) bool { return isMoment(s) || isUndated(s) }
	for i := 1; i+1 < len(t.columns); i++ {
		if t.roles[i] != skipped || !t.mostly(i-1, isTime) || !t.mostly(i, isHost) {
			continue
		}
		if t.mostly(i+1, isProgram) || i > 1 && t.mostly(i-2, isPriority) {
			t.roles[i] = edge
			return
		}
	}
}

// likeAgent is the column of some with the most user agents; -1 if none has many.
func (t *table) likeAgent(from, to int) (column int) {
	column, most := -1, 0.3
	for i := from; i < to; i++ {
		if s := t.share(i, isAgent); t.roles[i] == skipped && !t.namedOther(i, agent) && s > most {
			column, most = i, s
		}
	}
	return column
}
