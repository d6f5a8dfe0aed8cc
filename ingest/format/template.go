package format

import (
	"errors"
	"fmt"
	"strings"
)

const nginxSource = "https://nginx.org/en/docs/http/ngx_http_log_module.html"

// fromTemplate builds the format of an nginx log_format string.
func fromTemplate(text string, w *words) (*Format, error) {
	f, err := template(text, w)
	if err != nil {
		return nil, fmt.Errorf("log_format: %w", err)
	}
	return f, nil
}

func template(text string, w *words) (*Format, error) {
	text, escape, err := configText(text)
	if err != nil {
		return nil, err
	}
	f, err := variables(text, w)
	if err != nil {
		return nil, err
	}
	if err := complete(f.has, nginxWords); err != nil {
		return nil, err
	}
	f.Name, f.Doc, f.Source = "nginx:"+text, "nginx log_format "+text, nginxSource
	if escape == "none" {
		f.layout.raw, f.escape = true, verbatim
	}
	return f, nil
}

// configText gives the format as nginx reads it: without "log_format NAME", escape=, the quotes around its pieces, and the semicolon.
func configText(text string) (format, escape string, err error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "log_format "); ok {
		_, text, _ = strings.Cut(strings.TrimSpace(rest), " ")
		text = strings.TrimSpace(text)
	}
	if rest, ok := strings.CutPrefix(text, "escape="); ok {
		escape, text, _ = strings.Cut(rest, " ")
		text = strings.TrimSpace(text)
		if escape != "default" && escape != "json" && escape != "none" {
			return "", "", fmt.Errorf("escape=%s is unknown: want default, json or none", escape)
		}
	}
	format, err = unquote(text)
	return format, escape, err
}

// unquote joins 'one' 'or more' quoted strings. A text that begins with no single quote is the inside of one.
func unquote(text string) (string, error) {
	if !strings.HasPrefix(text, "'") {
		return unbackslash(text), nil
	}
	var out strings.Builder
	for text = strings.TrimSuffix(text, ";"); text != ""; {
		if text[0] != '\'' {
			return "", fmt.Errorf("%q stands outside the quotes", text)
		}
		body, behind, ok := quotedString(text[1:])
		if !ok {
			return "", errors.New("a quote is not closed")
		}
		out.WriteString(body)
		text = strings.TrimSpace(behind)
	}
	return out.String(), nil
}

// quotedString reads up to the closing single quote.
func quotedString(text string) (body, behind string, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\'':
			return unbackslash(text[:i]), text[i+1:], true
		case '\\':
			i++
		}
	}
	return "", "", false
}

// unbackslash applies nginx's rules (ngx_conf_read_token): \" \' \\ stand for the character, \t \r \n for theirs; any other
// backslash stays.
func unbackslash(text string) string {
	return strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`, `\t`, "\t", `\r`, "\r", `\n`, "\n").Replace(text)
}

// variables builds the format of a text with $variables in it.
func variables(text string, w *words) (*Format, error) {
	var pieces []piece
	for text != "" {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			pieces = append(pieces, piece{text: text})
			break
		}
		if i > 0 {
			pieces = append(pieces, piece{text: text[:i]})
		}
		name, rest := variableName(text[i+1:])
		if name == "" {
			return nil, errors.New("a $ is not followed by a variable name")
		}
		pieces, text = append(pieces, variable(name, w)), rest
	}
	return compiled(pieces)
}

// compiled is the format of a line that consists of pieces.
func compiled(pieces []piece) (*Format, error) {
	l, err := compile(pieces)
	if err != nil {
		return nil, err
	}
	return &Format{layout: l, has: l.has(), pieces: pieces}, nil
}

func variableName(text string) (name, rest string) {
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		name, rest, _ = strings.Cut(inner, "}")
		return name, rest
	}
	n := 0
	for n < len(text) && (text[n] == '_' || '0' <= text[n] && text[n] <= '9' || 'a' <= text[n]|0x20 && text[n]|0x20 <= 'z') {
		n++
	}
	return text[:n], text[n:]
}

func variable(name string, w *words) piece {
	f, rank := w.meaning(folded(name))
	p := piece{name: name, field: f, rank: rank}
	if name == "time_local" || name == "clock" {
		p.blanks = 1
	}
	return p
}
