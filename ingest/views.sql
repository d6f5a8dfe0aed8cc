-- The views that are promised to the outside. $verdicts, $causes and $bases stand for lists of their words, $valid and
-- $recomputed for the numbers of these: a request that table judged does not know is valid.

CREATE MACRO user_name(hash, agent, salt) AS substr(md5(hash::VARCHAR || ' ' || coalesce(agent, '') || CASE WHEN salt = 0 THEN '' ELSE ' ' || salt END), 1, 16);

CREATE VIEW clients AS
SELECT id, family, mapped, hi, lo, coalesce(address, concat_ws('.', lo >> 24 & 255, lo >> 16 & 255, lo >> 8 & 255, lo & 255)) AS address, country, asn FROM client;

CREATE VIEW signatures AS
SELECT s.link, $scopes[s.scope] AS scope, coalesce(f.signed_ip, c.address) AS signed_ip, $bases[s.basis] AS basis
FROM signed s LEFT JOIN clients c ON c.id = s.client LEFT JOIN found f ON f.link = s.link;

CREATE VIEW persons AS
SELECT link, agent, salt, class, reason, requests, refusals, mismatches, addresses, prefixes24, prefixes16, switches, interrupted, first, "last" FROM person
UNION ALL
SELECT link, agent, 0, '$unchanged', '$reason', 1, 0, 0, 1, CASE WHEN four THEN 1 END, CASE WHEN four THEN 1 END, 0, false, at, at FROM visitor;

CREATE VIEW requests AS
SELECT s.path AS source, h.line, h.start AS time, c.address AS client_ip, o.host, o.method,
       d.text || f.text AS path, o.status::SMALLINT AS status, nullif(h.bytes, -1) AS bytes,
       a.text AS user_agent, c.country, c.asn, $verdicts[coalesce(j.verdict, CASE WHEN o.matched AND NOT o.refused THEN $valid END) + 1] AS verdict, $causes[j.cause] AS cause, j.detail, $bases[coalesce(j.basis, CASE WHEN o.matched AND NOT o.refused THEN $recomputed END)] AS basis, g.signed_ip,
       CASE WHEN o.shield THEN NULL WHEN m.link IS NOT NULL THEN user_name(ml.hash, ma.text, m.salt) WHEN h.link > 0 THEN user_name(l.hash, a.text, 0) END AS user_id,
       l.token, r.text AS referer, nullif(o.code, 0) AS edge_code, o.shield
FROM hit h
JOIN outcome o ON o.id = h.outcome
JOIN source s ON s.id = h.source
JOIN clients c ON c.id = h.client
JOIN dir d ON d.id = h.dir
JOIN file f ON f.id = h.file
JOIN agent a ON a.id = h.agent
JOIN referer r ON r.id = h.referer
LEFT JOIN link l ON l.id = h.link
LEFT JOIN signatures g ON g.link = h.link
LEFT JOIN member m ON m.link = h.link AND m.agent = h.agent AND m.ident = h.ident
LEFT JOIN link ml ON ml.id = m.first_link
LEFT JOIN agent ma ON ma.id = m.first_agent
LEFT JOIN judged j ON j.outcome = h.outcome AND j.link = h.link
    AND j.client = CASE WHEN h.link > 0 THEN h.client ELSE 0 END
    AND j.dir = CASE WHEN h.link > 0 THEN h.dir ELSE 0 END
    AND j.file = CASE WHEN h.link > 0 AND (NOT o.matched OR o.scope = 1) THEN h.file ELSE 0 END;

CREATE VIEW rejects AS
SELECT s.path AS source, r.line, r.reason, r.text FROM reject r JOIN source s ON s.id = r.source;

CREATE VIEW users AS
SELECT user_name(l.hash, a.text, p.salt) AS user_id, l.host, p.class, p.reason, p.requests, p.refusals,
       p.mismatches AS ip_mismatches, p.addresses, p.prefixes24, p.prefixes16, p.switches, p.interrupted, p.first, p."last"
FROM persons p JOIN link l ON l.id = p.link JOIN agent a ON a.id = p.agent;

CREATE VIEW tokens AS
SELECT l.token, l.host, make_timestamp(least(l.deadline, 253402300799) * 1000000) AS expires, s.scope, s.signed_ip, s.basis,
       u.users, n.requests, n.refusals
FROM link l
LEFT JOIN signatures s ON s.link = l.id
LEFT JOIN (SELECT link, count(DISTINCT (first_link, first_agent, salt)) AS users FROM (
               SELECT link, first_link, first_agent, salt FROM member
               UNION ALL SELECT p.link, p.link, p.agent, p.salt FROM persons p
               ANTI JOIN member m ON m.first_link = p.link AND m.first_agent = p.agent AND m.salt = p.salt)
           GROUP BY link) u ON u.link = l.id
LEFT JOIN (SELECT h.link, count(*) AS requests, count(*) FILTER (o.refused) AS refusals
           FROM hit h JOIN outcome o ON o.id = h.outcome WHERE NOT o.shield GROUP BY h.link) n ON n.link = l.id;

CREATE VIEW masks AS SELECT * FROM mask;
