package judge

import (
	"fmt"
	"time"

	"ipdrift/detect/finding"
)

// change is the way from the present binding to the chosen prefix, step by
// step (rule 20): links already out break at the switch unless the edge
// accepts both forms.
func (q *question) change() []string {
	p := q.choice.prefix
	var steps []string
	switch finding.NetworksOf(q.o.Scheme) {
	case finding.ByLink:
		return q.changeOfLinks()
	case finding.Undocumented:
		steps = append(steps, "Ask the CDN whether it can bind links to a network at all: its documentation knows whole addresses alone. If it cannot, "+renewOrUnbind+", and leave out the steps below.")
	}
	steps = append(steps, fmt.Sprintf("Ask the CDN which text of a cut address goes into the hash: the network (%s), with its length, or only its leading part.", q.example()))
	if q.family == 6 {
		steps = append(steps, "Ask which text form an IPv6 network takes, and whether IPv4 and IPv6 prefixes are set apart.")
	} else {
		steps = append(steps, "Ask what the mask does to IPv6 viewers: whether theirs is set apart, and in which text; until that is known, their links must stay as they are.")
	}
	return append(append(steps, q.shorten()...),
		fmt.Sprintf("In the signer, cut the viewer's address to its first %d bits before hashing; leave the rest of the hashed text as it is.", p),
		fmt.Sprintf("Set the mask of the CDN resource to /%d at a quiet time and deploy the signer with it, or let the edge accept both forms until the longest-lived old link has expired%s: links already out break at the switch.", p, q.lives()),
		fmt.Sprintf("Test one fresh link from three places: the signing address, %s", q.places()),
		"Compare refusals by cause before and after; expired and malformed links must stay as they were.",
		fmt.Sprintf("The way back: set the mask to %s and the signer to what it hashed before, again at a quiet time.", q.before()),
	)
}

// changeOfLinks is change where the link itself names the network: the signer alone decides, and no link breaks.
func (q *question) changeOfLinks() []string {
	p := q.choice.prefix
	return append(q.shorten(),
		fmt.Sprintf("In the signer, name the viewer's /%d in the link (%s/%d) in the place of the address, in what is signed, too. The CDN has no setting for it, and links already out stay as they are.", p, q.example(), p),
		fmt.Sprintf("Test one fresh link from three places: the signing address, %s", q.places()),
		"Compare refusals by cause before and after; expired and malformed links must stay as they were.",
		"The way back: let the signer name what it named before.",
	)
}

// shorten is the step that the price of the mask needs (rule 17).
func (q *question) shorten() []string {
	p := q.choice.prefix
	if exposure := q.bound.exposure(p); exposure > q.t.ExposureSay && exposure > q.bound.exposure(q.current()) {
		return []string{fmt.Sprintf("Shorten the life of links first: %s of other viewers share the /%d.", percent(exposure), p)}
	}
	return nil
}

// lives says how long links stay out, where it is known.
func (q *question) lives() string {
	if q.o.Life == 0 {
		return ""
	}
	return fmt.Sprintf(" (links live up to %s from their first use, 95 %% of them at most %s)", atMost(q.o.Life), atMost(q.o.Life95))
}

// atMost is a span that a duration does not exceed but by the second to which logs
// and links tell time: what was signed for 2 h may seem to live 2 h 1 s.
func atMost(d time.Duration) string {
	unit := time.Second
	switch {
	case d >= 48*time.Hour:
		unit = 24 * time.Hour
	case d >= 2*time.Hour:
		unit = time.Hour
	case d >= 2*time.Minute:
		unit = time.Minute
	}
	if unit > time.Second {
		d -= time.Second
	}
	return span(((d + unit - 1) / unit * unit).Microseconds())
}

func (q *question) example() string {
	if q.family == 6 {
		return "2001:db8:7:42::"
	}
	if q.choice.prefix <= 16 {
		return "198.51.0.0"
	}
	return "198.51.100.0"
}

// places are the two other clients of the test: inside and outside the narrow
// candidate, where the mask lets them tell the forms apart.
func (q *question) places() string {
	p, near, far := q.choice.prefix, 24, 16
	if q.family == 6 {
		near, far = 64, 48
	}
	return fmt.Sprintf("another address in the same /%d (%s), and one in the same /%d only (%s).", near, answer(near, p), far, answer(far, p))
}

// answer is what an edge that binds to a prefix says to a client with that many
// bits in common with the signing address.
func answer(common, prefix int) string {
	if common >= prefix {
		return "200"
	}
	return "403"
}

func (q *question) before() string {
	if now := q.current(); now < q.width() {
		return fmt.Sprintf("/%d", now)
	}
	return "the whole address"
}
