package detect

import (
	"context"

	"ipdrift/token"
)

// detailNotForwarded is of a request without a token whose viewer had one for
// the playlist (rules of evidence, 6).
const detailNotForwarded token.Detail = "token_not_forwarded"

// markUnforwarded tells refused requests without a token from those of a viewer
// who was served a playlist with one: the player, or the forwarding of query
// strings, lost it. They get an outcome of their own.
func (a *analysis) markUnforwarded(ctx context.Context) error {
	var some bool
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) > 0 FROM outcome WHERE shape = 0 AND refused AND NOT shield`).Scan(&some); err != nil || !some {
		return err
	}
	if err := a.loaded.Hits.Write(ctx); err != nil {
		return err
	}
	done, err := a.conn.ExecContext(ctx, `CREATE TABLE work.bare AS SELECT DISTINCT o.host, h.client, h.agent FROM hit h JOIN outcome o ON o.id = h.outcome WHERE o.shape = 0 AND o.refused AND NOT o.shield;
		CREATE TABLE work.lost AS SELECT DISTINCT o.host, h.client, h.agent FROM hit h JOIN outcome o ON o.id = h.outcome
			JOIN work.bare b ON b.host = o.host AND b.client = h.client AND b.agent = h.agent
		 WHERE h.link > 0 AND o.status IN (200, 206, 304) AND o.method IN ('GET', 'HEAD', '') AND h.file IN (SELECT id FROM file WHERE regexp_matches(lower(text), '\.(m3u8|mpd)$'));
		CREATE TABLE work.unforwarded AS SELECT o.id, (SELECT max(id) FROM outcome) + row_number() OVER (ORDER BY o.id) AS twin, o.host
		 FROM outcome o WHERE o.shape = 0 AND o.refused AND NOT o.shield AND o.host IN (SELECT host FROM work.lost);
		INSERT INTO outcome SELECT o.* REPLACE (u.twin::UINTEGER AS id, '`+string(detailNotForwarded)+`' AS detail) FROM outcome o JOIN work.unforwarded u ON u.id = o.id;
		UPDATE packed SET outcome = u.twin::UINTEGER FROM work.unforwarded u JOIN work.lost w ON w.host = u.host
		 WHERE packed.outcome = u.id AND packed.rest.client = w.client AND packed.rest.agent = w.agent`)
	if err != nil {
		return err
	}
	changed, err := done.RowsAffected() // by the last of these
	a.changed = a.changed || changed > 0
	return err
}

// warnUnsigned says what requests without a token mean on a host.
func (a *analysis) warnUnsigned(h *host) {
	refused := a.out.Denials.ByHost[h.Name][token.Unsigned.String()]
	bare := h.served - h.signed - h.broken
	switch {
	case refused == 0 && (h.signed > 0 || a.out.Denials.ByHost[h.Name] == nil):
	case h.served > 0 && h.signed == 0 && h.broken == 0 && a.loaded.Queries > 0:
		a.warnOf("%s: no served request has a token of scheme %s: it is of another scheme, was stripped from the log, or stands in a cookie, so nothing about tokens can be told here", h.Name, h.Stated.Scheme.Name)
	case refused > 0 && bare > 0 && h.signed > 0:
		a.warnOf("%s: %d served {request has|requests have} no token: what {it|they} asked for is not protected", h.Name, bare)
	}
}
