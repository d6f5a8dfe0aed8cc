package format

import (
	"bytes"
	"slices"
	"strings"
)

const (
	w3cSource        = "https://www.w3.org/TR/WD-logfile.html"
	cloudFrontSource = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html"
	// cloudFrontFields are the 33 of the legacy standard log, for a log whose header was cut away.
	cloudFrontFields = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query " +
		"cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher " +
		"x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type " +
		"sc-content-type sc-content-len sc-range-start sc-range-end"
)

// w3c is the W3C extended log format, whose #Fields line names the columns: IIS writes it, and many a proxy.
func w3c() *Format {
	return &Format{Name: "w3c", Doc: "W3C extended log format: columns by its #Fields line, blanks or tabs between (IIS: time-taken in ms)",
		Source: w3cSource, heads: fieldsLine, escape: verbatim, has: anyField}
}

// cloudFront is its standard log, legacy or v2: tabs, date and time in UTC, values percent-encoded.
func cloudFront() *Format {
	f := w3c().ofFields(strings.Fields(cloudFrontFields))
	f.Doc = "CloudFront standard log, legacy or v2 W3C: columns by its #Fields line, or the 33 of the legacy log"
	return f
}

// bareCloudFront is the format of a standard log whose header was cut away. Fields were only ever added at the end: 19 of them
// are as old as the log's name for the host, x-host-header, and all that is read but X-Forwarded-For. Nil if this is none.
func bareCloudFront(lines [][]byte) *Format {
	names := strings.Fields(cloudFrontFields)
	for _, line := range lines {
		n := bytes.Count(line, []byte{'\t'}) + 1
		if _, ok := isoDate(line); ok && n >= 19 && n <= len(names) {
			return w3c().ofFields(names[:n])
		}
	}
	return nil
}

// ofFields builds the format of the columns that a #Fields line names; nil if they tell too little.
func (f *Format) ofFields(names []string) *Format {
	g := *f
	g.Name, g.Doc, g.percent = "w3c", "columns named by #Fields: "+strings.Join(names, " "), 0
	g.columns = &columns{seps: " \t", quoted: f.escape == doubled}
	standard := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "x-edge-") })
	isCloudFront := standard || slices.Contains(names, "x-host-header") || slices.Contains(names, "timestamp(ms)") // of v2 the customer chooses the fields
	if isCloudFront {
		g.Name, g.Source, g.percent = "cloudfront", cloudFrontSource, percentFields
	}
	if standard {
		g.columns.seps = "\t"
	}
	base := w3cWords(names)
	if f.iis && !isCloudFront {
		base = millis()
	}
	if base != nil {
		g.Name = "iis"
	}
	isAkamai := slices.Contains(names, "cs-ip")
	if isAkamai {
		g.Name, base = "akamai-w3c", akamaiWords()
		g.columns.seps, g.columns.quoted, g.escape = "\t", true, doubled
	}
	if slices.Contains(names, "x-ec_custom-1") || slices.Contains(names, "rs-duration") {
		base = edgecastWords()
	}
	g.hosts = isAkamai || slices.Contains(names, "cs-clapp") // Imperva
	var err error
	if g.words, err = base.with(f.given); err != nil {
		return nil
	}
	h, err := g.renamed(names)
	if err != nil {
		return nil
	}
	return h
}

// inQuotes is f for a log that puts values with blanks in quotes, as the standard has it and IIS Advanced Logging and Imperva do
// it. IIS itself writes + for a blank, and lets a quote that a client sent stand.
func (f *Format) inQuotes() *Format {
	g, c := *f, *f.columns
	c.quoted = true
	g.columns, g.escape = &c, doubled
	return &g
}

// w3cWords makes time-taken milliseconds where the columns are IIS's, which writes it so; the standard says seconds
// (https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging).
func w3cWords(names []string) *words {
	if slices.Contains(names, "sc-win32-status") || slices.Contains(names, "s-sitename") || slices.Contains(names, "sc-substatus") {
		return millis()
	}
	return nil
}

func millis() *words { return &words{names: map[string]meaning{"time_taken": {field: tookMs}}} }

// akamaiWords are the columns of Akamai's Log Delivery Service, W3C, that mean something else there. What time-taken counts is not told.
func akamaiWords() *words {
	return &words{names: map[string]meaning{"cs_ip": {field: client}, "time_taken": {}}}
}

// edgecastWords are the columns of Edgecast's raw logs, which were Verizon's and Azure CDN's, too: time-taken is in milliseconds there,
// and from which end of a request it counts is not told.
func edgecastWords() *words { return &words{names: map[string]meaning{"time_taken": {}}} }
