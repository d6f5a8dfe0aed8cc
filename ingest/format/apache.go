package format

import (
	"fmt"
	"strings"
	"sync"
)

// Apache's documented formats (https://httpd.apache.org/docs/2.4/mod/mod_log_config.html). Its %t is when the request was
// received, unlike nginx's $time_local, which is when the line was written.
const (
	apacheSource   = "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html"
	apacheShort    = `%h %l %u %t "%r" %>s %b`
	apacheCombined = apacheShort + ` "%{Referer}i" "%{User-Agent}i"`
)

var (
	apache       = apacheNamed("apache", "Apache combined", apacheCombined)
	apacheCommon = apacheNamed("apache-common", "Apache common", apacheShort)
	apacheVhost  = apacheNamed("apache-vhost", "Apache vhost_combined", `%v:%p `+apacheCombined)
)

func apacheNamed(name, doc, text string) func() *Format {
	return sync.OnceValue(func() *Format {
		f, _ := fromLogFormat(text)
		f.Name, f.Doc = name, doc+": "+text
		return f
	})
}

// fromLogFormat builds the format of an Apache LogFormat string, or of one of its nicknames.
func fromLogFormat(text string) (*Format, error) {
	text = logFormatText(text)
	pieces, err := directives(text)
	if err != nil {
		return nil, fmt.Errorf("LogFormat: %w", err)
	}
	l, err := compile(pieces)
	if err != nil {
		return nil, fmt.Errorf("LogFormat: %w", err)
	}
	if err := complete(l.has(), apacheWords); err != nil {
		return nil, fmt.Errorf("LogFormat: %w", err)
	}
	return &Format{Name: "apache:" + text, Doc: "Apache LogFormat " + text, Source: apacheSource, layout: l, has: l.has()}, nil
}

// logFormatText gives the string of a LogFormat directive: without the word, the nickname and the quotes, its escapes undone.
func logFormatText(text string) string {
	text = strings.TrimSpace(text)
	switch text {
	case "common":
		return apacheShort
	case "combined":
		return apacheCombined
	case "vhost_combined":
		return `%v:%p ` + apacheCombined
	}
	if rest, ok := strings.CutPrefix(text, "LogFormat "); ok {
		text = strings.TrimSpace(rest)
	}
	if len(text) > 1 && text[0] == '"' && text[1] != '%' || strings.HasPrefix(text, `"%`) && strings.Contains(text, `\"`) {
		if body, _, ok := doubleQuoted(text[1:]); ok {
			text = body
		}
	}
	return unbackslash(text)
}

// doubleQuoted reads up to the closing double quote.
func doubleQuoted(text string) (body, behind string, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return text[:i], text[i+1:], true
		case '\\':
			i++
		}
	}
	return "", "", false
}

// directives cuts a LogFormat string into its fixed text and its % directives.
func directives(text string) ([]piece, error) {
	var pieces []piece
	for text != "" {
		fixed, rest, more := strings.Cut(text, "%")
		pieces = withText(pieces, fixed)
		if !more {
			break
		}
		d, rest, err := readDirective(rest)
		if err != nil {
			return nil, err
		}
		text = rest
		p := d.piece()
		switch last := len(pieces) - 1; {
		case d.letter == "%":
			pieces = withText(pieces, "%")
		case d.letter == "q" && last >= 0 && pieces[last].field == path: // %U%q: the query brings its own question mark
			pieces[last].field = target
		case d.letter == "t":
			p.text = d.timeFormat()
			fallthrough
		default:
			pieces = append(pieces, p)
		}
	}
	return joinTimes(pieces)
}

// withText adds fixed text, to the last piece where that is text, too.
func withText(pieces []piece, text string) []piece {
	if n := len(pieces); n > 0 && pieces[n-1].name == "" {
		pieces[n-1].text += text
	} else if text != "" {
		pieces = append(pieces, piece{text: text})
	}
	return pieces
}

// directive is one %… of a LogFormat: %>s is final, %{Referer}i has an argument.
type directive struct {
	argument, letter string
	first            bool // %<…: of the original request, not the final one
	final            bool
}

// readDirective reads what stands behind a %: modifiers (<, >, ! and statuses), an argument, and one letter or three (%^FU,
// %{x}^ti).
func readDirective(text string) (d directive, rest string, err error) {
	n := 0
	for n < len(text) && strings.IndexByte("<>!,0123456789", text[n]) >= 0 {
		d.first, d.final = d.first || text[n] == '<', d.final || text[n] == '>'
		n++
	}
	rest = text[n:]
	if inner, ok := strings.CutPrefix(rest, "{"); ok {
		if d.argument, rest, ok = strings.Cut(inner, "}"); !ok {
			return d, "", fmt.Errorf("the brace of %%{%s is not closed", inner)
		}
	}
	letters := 1
	if strings.HasPrefix(rest, "^") {
		letters = 3
	}
	if len(rest) < letters {
		return d, "", fmt.Errorf("a %% is not followed by a letter")
	}
	d.letter = rest[:letters]
	return d, rest[letters:], nil
}

// piece says what a directive means.
func (d *directive) piece() piece {
	p := piece{name: "%" + d.letter}
	if d.argument != "" {
		p.name = "%{" + d.argument + "}" + d.letter
	}
	m := letters()[d.letter]
	switch {
	case d.letter == "i":
		m.field, m.rank = known(folded("http_" + d.argument))
	case d.letter == "a" && d.argument == "c": // the proxy that the connection is from
		m.field = skipped
	case d.letter == "t" && strings.HasPrefix(d.argument, "end:"):
		m.field = when
	case d.letter == "T":
		m.field = map[string]field{"": duration, "s": duration, "ms": tookMs, "us": tookUs}[d.argument]
	case d.letter == "s" && !d.final, d.first: // of the original request, not the final one
		m.rank++
	}
	p.field, p.rank = m.field, m.rank
	return p
}

// letters are the directives that tell something; the others are passed over.
func letters() map[string]meaning {
	return map[string]meaning{"a": {client, 0}, "h": {client, 1}, "t": {started, 0}, "r": {request, 0}, "m": {method, 0}, "U": {path, 0}, "q": {query, 0},
		"s": {status, 0}, "b": {size, 0}, "B": {size, 0}, "O": {size, 1}, "D": {tookUs, 0}, "V": {host, 3}, "v": {host, 4}}
}
