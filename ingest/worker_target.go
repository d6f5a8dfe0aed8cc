package ingest

import (
	"bytes"

	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// splitPath cuts a path behind its last slash.
func splitPath(path []byte) (dir, file []byte) {
	i := bytes.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

// aimed is a request target taken apart.
type aimed struct {
	dir, file                     []byte // of the raw path, as they are stored
	signedDir, signedFile         uint64 // hashes of what a signature can cover
	index                         bool   // the path ends in a slash
	host, dirHash, fileHash, link uint64 // hashes; link of all that the token can depend on
}

// aim takes the record's target apart, whose first question mark stands at
// query.
func (w *worker) aim(at *place, query int) aimed {
	s, target := at.site, w.record.Target
	var path, shown []byte
	if s.inQuery && len(target) > 0 && target[0] == '/' && bytes.IndexByte(target, '#') < 0 {
		if path = target; query >= 0 {
			path = target[:query]
		}
		shown = path
	} else {
		l := w.readLink(s)
		path, shown = l.RawPath, redact.WithoutToken(target, l)
	}
	t := aimed{host: at.hash}
	dir, file := splitPath(shown)
	t.signedDir, t.signedFile, t.index = w.hash(dir), w.hash(file), len(file) == 0
	t.dirHash, t.fileHash = t.signedDir, t.signedFile
	if t.dir, t.file = dir, file; bytes.IndexByte(shown, '%') < 0 && bytes.IndexByte(shown, '&') < 0 {
	} else if t.dir, t.file = redact.Split(shown); len(t.dir) != len(dir) {
		t.dirHash, t.fileHash = w.hash(t.dir), w.hash(t.file)
	}
	t.link = w.hash(target[len(path):])
	if !s.inQuery || len(target) > 0 && target[0] != '/' {
		t.link = w.hash(target)
	}
	t.link = mix(t.host, t.link)
	return t
}

// readLink takes apart what the record's target says of its token.
func (w *worker) readLink(s *site) *token.Link {
	if !w.read {
		s.parser.Parse(w.record.Target, &w.link)
		w.read = true
	}
	return &w.link
}
