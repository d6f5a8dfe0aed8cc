// Package ingest takes access logs into a case. It is the only room that
// knows log formats, Arrow and DuckDB's driver. The journey of a line:
//
//  1. [source.List] turns arguments into files; each is opened, decompressed and
//     its format found from its first lines.
//  2. A reader per source cuts it into chunks of whole lines, which know the
//     number of their first line.
//  3. Workers parse each line in place. A bad line goes to rejects with its
//     source, number and reason; every line ends in requests or in rejects.
//  4. The token is judged as of the request's own start: does the hash hold
//     for the observed address, and was it late?
//  5. Records become Arrow batches; one writer inserts them. What repeats is
//     stored once, in dictionaries that are capped, and referred to by id.
//     Tokens and keys are left at the door: the case holds six characters. So
//     are addresses where there are [Options.Pseudonyms].
//  6. What did not verify is kept in memory, in [Unproven], so that the room
//     to the right can search for the address it was signed for.
//
// Its packages: [source] finds and opens logs, [format] parses their lines, [redact] cuts
// secrets out, [pseudonym] replaces addresses, [temp] keeps temporary files, [fetch] reads what
// DuckDB answers; synth makes logs up.
package ingest

import (
	"io"
	"time"

	"ipdrift/ingest/format"
	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

// Options say how a load reads and judges.
type Options struct {
	Resources *token.Resources
	Keys      *token.Keyring
	Format    *format.Format // nil: found for each source
	Map       format.Map     // what the log calls our fields, where it is found; nil: nothing unusual
	Since     time.Time      // zero: no limit; by the request's start
	Until     time.Time      // exclusive
	Host      string         // glob over hosts, "" all
	Now       time.Time      // for times without a year in what is no file; zero: these are rejected
	Identity  Identity       // who is one user
	Networks  *Networks      // whose the addresses are that the log does not tell; nil: not known
	Watch     *Watch         // what else to look for in the lines; nil: nothing
	// Pseudonyms, if not nil, stand for all addresses in the case.
	Pseudonyms *pseudonym.Map
	Stdin      io.Reader
	Threads    int   // 0: 1
	Hold       int64 // bytes of memory for Loaded.Hits
	Failing    int64 // bytes of memory for targets of links that failed, 0: 96 MiB; where not all fit, links with the highest hashes are not searched
	// Progress, if not nil, is called now and then from several goroutines.
	Progress func(Progress)
}

// Progress is how far a load has come.
type Progress struct {
	Read   int64 // stored (compressed) bytes read
	Lines  int64
	Served int64 // requests that were served with a well-formed token, and for whose host there is a key
	Proven int64 // of them, those whose hash was reproduced
}

// Loaded is what a load did, and what the case holds then: where a case grows,
// the figures are those of all of it.
type Loaded struct {
	Sources  []SourceStats
	LeftOut  int64    // parsed, but outside Since, Until or Host
	Requests int64    // rows of table packed
	Queries  int64    // requests with a query string
	Remarks  []string // sentences on sources that were recognised
	Identity Identity
	Unproven *Unproven
	Hits     *Hits // to be written by who wants them in the database, unless there was no room for them
}

// SourceStats account for one source: Lines = Parsed + Rejected.
type SourceStats struct {
	Path                    string
	Format                  string // "" where the source is empty or no format fits
	Lines, Parsed, Rejected int64
	Bytes                   int64    // of text, decompressed; 0: not known
	Hash                    string   // XXH3, 128 bits, of that text, in hexadecimal as xxhsum -H2 prints it; "": not known
	Sampled                 int64    // lines that say that not every request was logged
	Behind                  int64    // lines whose address is public, and X-Forwarded-For names another one
	Notes                   []string // what the lines show that takes away from what they can tell
	Edge                    string   // that wrote all lines; "" if several did, or the lines do not tell
	Err                     error    // *Damage, or no format, or why it cannot be opened; what came before was kept
	Earlier                 bool     // read by an earlier run
}

// noHost stands for a host that the log does not tell.
const noHost = "-"
