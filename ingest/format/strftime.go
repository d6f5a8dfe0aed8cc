package format

import (
	"fmt"
	"strings"
	"time"
)

// clfFormat is what %t writes without a format of its own.
const clfFormat = "[%d/%b/%Y:%H:%M:%S %z]"

// timeFormat is the strftime format of a %t directive.
func (d *directive) timeFormat() string {
	text := strings.TrimPrefix(strings.TrimPrefix(d.argument, "begin:"), "end:")
	if text == "" {
		return clfFormat
	}
	return text
}

// joinTimes puts a time that is written by several %t directives together, as in %{%F %T}t.%{msec_frac}t, and checks that it can
// be read. The text of a time's piece is its format.
func joinTimes(pieces []piece) ([]piece, error) {
	var out []piece
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		if p.name == "" || p.field != when && p.field != started {
			out = append(out, p)
			continue
		}
		for i+1 < len(pieces) {
			between, next := "", i+1
			if pieces[next].name == "" && next+1 < len(pieces) && len(pieces[next].text) <= 1 {
				between, next = pieces[next].text, next+1
			}
			if pieces[next].name == "" || pieces[next].field != p.field || !fragment(pieces[next].text) {
				break
			}
			p.text += between + pieces[next].text
			i = next
		}
		blanks, err := readableTime(p.text)
		if err != nil {
			return nil, err
		}
		p.text, p.blanks = "", blanks
		out = append(out, p)
	}
	return out, nil
}

// fragment reports whether a format is no time of its own, but the fraction of a second or the zone.
func fragment(format string) bool {
	switch format {
	case "msec_frac", "usec_frac", "%z":
		return true
	}
	return false
}

// readableTime writes a known time in a strftime format and reads it back. It gives the number of blanks in it.
func readableTime(format string) (blanks int, err error) {
	at := time.Date(2026, time.November, 23, 9, 26, 12, 43001000, time.UTC)
	text, err := strftime(format, at)
	if err != nil {
		return 0, err
	}
	got, grain, ok := moment([]byte(text))
	if !ok {
		got, grain, ok = undated([]byte(text), at.UnixMicro())
	}
	if !ok || got != at.UnixMicro()/grain*grain {
		return 0, fmt.Errorf("times written %%{%s}t are not read: use %%t, %%{%%FT%%T%%z}t, %%{sec}t, %%{msec}t or %%{usec}t", format)
	}
	return strings.Count(text, " "), nil
}

// strftime writes t as Apache's %{format}t does, which is strftime(3) and five words of its own.
func strftime(format string, t time.Time) (string, error) {
	for word, value := range map[string]int64{"sec": t.Unix(), "msec": t.UnixMilli(), "usec": t.UnixMicro()} {
		if format == word {
			return fmt.Sprint(value), nil
		}
	}
	layouts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan", 'h': "Jan", 'B': "January",
		'e': "_2", 'z': "-0700", 'Z': "MST", 'T': "15:04:05", 'F': "2006-01-02", 'R': "15:04", 'D': "01/02/06", 'a': "Mon", 'A': "Monday", 'j': "002",
		'p': "PM", 'I': "03"}
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		switch rest := format[i:]; {
		case strings.HasPrefix(rest, "msec_frac"), strings.HasPrefix(rest, "usec_frac"):
			layout := map[byte]string{'m': ".000", 'u': ".000000"}[rest[0]]
			out.WriteString(t.Format(layout)[1:])
			i += len("msec_frac") - 1
		case rest[0] != '%' || len(rest) == 1:
			out.WriteByte(rest[0])
		case rest[1] == 's':
			fmt.Fprint(&out, t.Unix())
			i++
		case rest[1] == '%':
			out.WriteByte('%')
			i++
		case layouts[rest[1]] == "":
			return "", fmt.Errorf("%%%c in a time format is not known", rest[1])
		default:
			out.WriteString(t.Format(layouts[rest[1]]))
			i++
		}
	}
	return out.String(), nil
}
