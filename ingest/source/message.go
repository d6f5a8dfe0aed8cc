package source

import (
	"bytes"
	"encoding/json"
	"io"

	"ipdrift/ingest/format"
)

// messages reads the lines that a collector of logs keeps in objects, such as journalctl -o json, Filebeat, Fluent Bit and Splunk do. It
// does so only where the objects themselves are no requests, and what they hold is. head is what in begins with.
func messages(in io.Reader, head []byte) io.Reader {
	if head = textOf(head); len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return in
	}
	buf, head := ahead(in)
	lines := bytes.Split(head[:bytes.LastIndexByte(head, '\n')+1], []byte{'\n'})
	lines = lines[:min(len(lines), format.SampleLines)]
	var held [][]byte
	for _, line := range lines {
		if text := messageOf(line); text != nil {
			held = append(held, text)
		}
	}
	if len(held)*2 <= len(lines) {
		return buf
	}
	if _, misfit := format.Detect(lines, nil); misfit == nil {
		return buf
	}
	if _, misfit := format.Detect(held, nil); misfit != nil {
		return buf
	}
	return changed(buf, func(line []byte, whole bool) []byte { // a line without a message stays as it is
		if !whole {
			return line
		}
		if text := messageOf(line); text != nil {
			return append(text, '\n')
		}
		return line
	})
}

// journalText is a string, or the list of its bytes: so journalctl writes what has control characters, such as those of colours, or is no
// UTF-8.
type journalText string

func (t *journalText) UnmarshalJSON(b []byte) error {
	if b[0] != '[' {
		return json.Unmarshal(b, (*string)(t))
	}
	var numbers []uint16 // of bytes, it would be base64
	if err := json.Unmarshal(b, &numbers); err != nil {
		return err
	}
	text := make([]byte, len(numbers))
	for i, n := range numbers {
		text[i] = byte(n)
	}
	*t = journalText(text)
	return nil
}

// messageOf is the line that an object holds, on one line; nil: it holds none.
func messageOf(line []byte) []byte {
	if line = bytes.TrimLeft(line, blanks); len(line) == 0 || line[0] != '{' {
		return nil
	}
	var o struct {
		Message     journalText     // Filebeat, Fluentd; journald: MESSAGE
		Log         json.RawMessage // Fluent Bit
		TextPayload string          // Google Cloud
		Raw         string          `json:"_raw"`     // Splunk
		Insights    string          `json:"@message"` // CloudWatch
		Line        string          // Grafana Loki
		Result      struct {
			Raw string `json:"_raw"`
		}
		Source json.RawMessage `json:"_source"` // Elasticsearch
	}
	if json.Unmarshal(line, &o) != nil {
		return nil
	}
	var log string
	_ = json.Unmarshal(o.Log, &log) // Filebeat has an object there
	for _, text := range []string{string(o.Message), log, o.TextPayload, o.Raw, o.Insights, o.Line, o.Result.Raw} {
		if text != "" {
			return bytes.ReplaceAll(bytes.TrimRight(withoutColours([]byte(text)), "\r\n"), []byte{'\n'}, []byte{' '})
		}
	}
	if text := messageOf(o.Source); text != nil {
		return text
	}
	return bytes.ReplaceAll(o.Source, []byte{'\n'}, []byte{' '})
}
