-- The case as it is stored. What repeats stands once, in a dictionary, and is referred to by its id; what remains is
-- fixed-width. People and reports read the views in views.sql. Columns of many texts say how they are packed, others
-- are not (see unpacked): to try every way on them takes a third of the time of writing a case.

CREATE TABLE about (            -- one row per fact about the case itself
    name  VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);

CREATE TABLE source (           -- one row per input
    id       UINTEGER NOT NULL,
    path     VARCHAR NOT NULL,  -- label or path
    format   VARCHAR NOT NULL,
    lines    BIGINT NOT NULL,   -- parsed + rejected
    parsed   BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    grain    BIGINT NOT NULL,   -- µs: how exactly the log tells when a request started
    error    VARCHAR,           -- damage met on the way
    sampled  BIGINT NOT NULL,   -- lines that say that not every request was logged
    behind   BIGINT NOT NULL,   -- lines whose address is public, and X-Forwarded-For names another one
    notes    VARCHAR NOT NULL,  -- what the lines show that takes away from what they can tell, a sentence a line
    edge     VARCHAR NOT NULL   -- that wrote all lines; '' if several did, or the lines do not tell
);

CREATE TABLE content (          -- what tells that a source is known, whatever its name
    source UINTEGER NOT NULL,
    packed BOOLEAN NOT NULL,    -- a compressed file in which the source was met; else its text, decompressed
    size   BIGINT NOT NULL,     -- bytes
    hash   VARCHAR NOT NULL,    -- XXH3, 128 bits, of all
    head   VARCHAR NOT NULL,    -- SHA-256 of the first 64 KiB
    tail   VARCHAR NOT NULL     -- SHA-256 of the last
);

CREATE TABLE packed (           -- one row per request; read it as view hit
    at      UBIGINT NOT NULL,   -- ingest.PlaceOf: its source, and the line in it
    start   TIMESTAMP NOT NULL, -- UTC
    outcome UINTEGER NOT NULL,
    link    UINTEGER NOT NULL,  -- 0: no well-formed token
    rest    STRUCT(             -- in one column, as DuckDB counts the distinct values of every other, which takes a quarter of an INSERT
        client  UINTEGER,
        dir     UINTEGER,
        file    UINTEGER,
        agent   UINTEGER,
        ident   UINTEGER,       -- who the line says was asking; 0: not told, or users are told apart by link
        took    USMALLINT,      -- whole seconds until its end; 65535: start is when it was logged, most often its end, and nothing tells when it began
        referer UINTEGER,
        bytes   BIGINT          -- -1: not logged
    ) NOT NULL
);

CREATE VIEW hit AS
SELECT at, (at >> 40)::UINTEGER AS source, (at & 1099511627775::UBIGINT)::BIGINT AS line, start, outcome, link,
       rest.client AS client, rest.dir AS dir, rest.file AS file, rest.agent AS agent, rest.ident AS ident, rest.took AS took, rest.referer AS referer, rest.bytes AS bytes
FROM packed;

CREATE TABLE outcome (          -- everything about a request that takes few values
    id       UINTEGER NOT NULL,
    host     VARCHAR NOT NULL,
    method   VARCHAR NOT NULL,
    status   USMALLINT NOT NULL,
    code     USMALLINT NOT NULL, -- reason code of the edge, 0 none
    upstream USMALLINT NOT NULL, -- status of the origin, 0 none
    shield   BOOLEAN NOT NULL,   -- written by a shield server, not by a viewer
    shape    UTINYINT NOT NULL,  -- token.Shape
    detail   VARCHAR NOT NULL,   -- why the shape fails
    late     UTINYINT NOT NULL,  -- ingest.Late
    matched  BOOLEAN NOT NULL,   -- the hash was reproduced for the observed address; how is said by the next seven
    scope    UTINYINT NOT NULL,  -- token.Scope
    up       UTINYINT NOT NULL,
    bind     UTINYINT NOT NULL,  -- token.BindKind
    prefix   UTINYINT NOT NULL,
    form     UTINYINT NOT NULL,  -- token.Form
    key      UTINYINT NOT NULL,  -- number of the key in table ring; 255: there was no key for the host
    stale    BOOLEAN NOT NULL,   -- and that key was not in use at the time
    refused  BOOLEAN NOT NULL,   -- 403, 410, or what the host answers to expired links
    edge     USMALLINT NOT NULL  -- a number for the server or place that logged it, where the line names one; 0: it does not
);

CREATE TABLE ring (             -- which keys reproduced hashes of a host: those of the last run as given, then those of earlier ones alone
    host VARCHAR NOT NULL,
    key  UTINYINT NOT NULL,
    hash UBIGINT NOT NULL       -- keyed hash of the key; see idKey
);

CREATE TABLE link (             -- one row per host, token and expiry
    id       UINTEGER NOT NULL,
    host     VARCHAR NOT NULL USING COMPRESSION dictionary,
    token    VARCHAR NOT NULL USING COMPRESSION uncompressed, -- first six characters
    hash     UBIGINT NOT NULL,  -- of host, token and expiry: the same in every run
    deadline BIGINT NOT NULL    -- Unix seconds
);

CREATE TABLE client (           -- one row per address, country and ASN
    id      UINTEGER NOT NULL,
    family  UTINYINT NOT NULL,  -- 4 or 6; an IPv4-mapped address counts as 4
    mapped  UTINYINT NOT NULL,  -- 1: written as ::ffff:a.b.c.d
    hi      UBIGINT NOT NULL,   -- upper 64 bits of the 128-bit form
    lo      UBIGINT NOT NULL,
    address VARCHAR USING COMPRESSION uncompressed, -- NULL: of IPv4, and written so; view clients writes it out
    country VARCHAR USING COMPRESSION dictionary,
    asn     UINTEGER            -- NULL: not logged
);

CREATE TABLE dir     (id UINTEGER NOT NULL, text VARCHAR NOT NULL USING COMPRESSION fsst); -- path up to its last slash, as written
CREATE TABLE file    (id UINTEGER NOT NULL, text VARCHAR NOT NULL USING COMPRESSION fsst); -- the rest, without query
CREATE TABLE agent   (id UINTEGER NOT NULL, text VARCHAR USING COMPRESSION fsst, robot BOOLEAN NOT NULL); -- robot: of a link preview or crawler
CREATE TABLE referer (id UINTEGER NOT NULL, text VARCHAR USING COMPRESSION fsst);          -- without query
CREATE TABLE ident   (id UINTEGER NOT NULL, hash UBIGINT NOT NULL); -- keyed hash of a value and the host; see idKey

CREATE TABLE tie (              -- what links of one viewer share; rows may repeat
    key    UBIGINT NOT NULL,    -- keyed hash of it and the host; see idKey
    kind   UTINYINT NOT NULL,   -- ingest.Tie
    link   UINTEGER NOT NULL,
    agent  UINTEGER NOT NULL,
    client UINTEGER NOT NULL
);

CREATE TABLE member (           -- whose requests the users have who are not one link under one user agent
    link        UINTEGER NOT NULL, -- the first three name some requests
    agent       UINTEGER NOT NULL,
    ident       UINTEGER NOT NULL,
    first_link  UINTEGER NOT NULL, -- the next three name the user, as in person
    first_agent UINTEGER NOT NULL,
    salt        BIGINT NOT NULL,
    circle      UINTEGER NOT NULL  -- one of the links that users share: the same for all of them
);

CREATE TABLE reject (
    source UINTEGER NOT NULL,
    line   BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    text   VARCHAR NOT NULL USING COMPRESSION fsst -- beginning of the line, tokens and parameter values cut out
);

CREATE TABLE judged (           -- what detect decided for each kind of request, unless all of its link is valid; key: the first five columns
    outcome   UINTEGER NOT NULL,
    link      UINTEGER NOT NULL,
    client    UINTEGER NOT NULL, -- 0 where the decision does not depend on it
    dir       UINTEGER NOT NULL,
    file      UINTEGER NOT NULL,
    verdict   UTINYINT NOT NULL, -- token.Verdict
    cause     UTINYINT NOT NULL, -- 0: not refused; else 1 + the cause's place among the words in Causes
    basis     UTINYINT NOT NULL, -- place among the words in Bases; 0 none
    detail    VARCHAR USING COMPRESSION dictionary
);

CREATE TABLE signed (           -- what a link was signed over, where a hash was reproduced
    link   UINTEGER NOT NULL,
    scope  UTINYINT NOT NULL,  -- token.Scope; 0 not known
    basis  UTINYINT NOT NULL,  -- place among the words in Bases
    client UINTEGER NOT NULL   -- whose address it was; 0: table found knows it, or it was signed without one
);

CREATE TABLE found (            -- addresses that links were signed for, and that were none of a client of theirs
    link      UINTEGER NOT NULL,
    signed_ip VARCHAR NOT NULL
);

CREATE TABLE visitor (          -- one row per user of whom nothing is to be told but one request, which was not refused
    link  UINTEGER NOT NULL,
    agent UINTEGER NOT NULL,
    four  BOOLEAN NOT NULL,     -- from an IPv4 address
    at    TIMESTAMP NOT NULL
);

CREATE TABLE person (           -- one row per user who is no visitor
    link        UINTEGER NOT NULL, -- the first, of a user with several
    agent       UINTEGER NOT NULL,
    salt        BIGINT NOT NULL,   -- tells users of one link and user agent apart; 0: there is one
    class       VARCHAR NOT NULL USING COMPRESSION dictionary,
    reason      VARCHAR NOT NULL USING COMPRESSION dictionary,
    requests    BIGINT NOT NULL,
    refusals    BIGINT NOT NULL,
    mismatches  BIGINT NOT NULL,
    addresses   BIGINT NOT NULL,
    prefixes24  BIGINT,
    prefixes16  BIGINT,
    switches    BIGINT NOT NULL,
    interrupted BOOLEAN NOT NULL,
    first       TIMESTAMP NOT NULL,
    "last"      TIMESTAMP NOT NULL
);

CREATE TABLE mask (             -- the mask question, one row per host, carrier, family and prefix length
    host              VARCHAR NOT NULL,
    asn               UINTEGER,
    family            VARCHAR NOT NULL,
    prefix            INTEGER NOT NULL,
    affected_users    BIGINT NOT NULL,
    accepted_users    BIGINT NOT NULL,
    accepted_share    DOUBLE NOT NULL,
    low               DOUBLE NOT NULL,
    high              DOUBLE NOT NULL,
    accepted_requests BIGINT NOT NULL,
    strangers_let_in  DOUBLE,
    exposure          DOUBLE
);

CREATE TABLE proof (            -- what was found out with tokens, which no later run has: one row per link
    link      UINTEGER NOT NULL,
    examined  BOOLEAN NOT NULL, -- for mistakes of its signer
    found     BOOLEAN NOT NULL, -- what the link was signed with; how is said by the rest
    scope     UTINYINT NOT NULL, -- token.Scope
    up        UTINYINT NOT NULL,
    bind      UTINYINT NOT NULL, -- token.BindKind
    prefix    UTINYINT NOT NULL,
    form      UTINYINT NOT NULL, -- token.Form
    family    UTINYINT NOT NULL, -- of the address that gave the hash
    path      VARCHAR NOT NULL USING COMPRESSION fsst, -- that was hashed, decoded, percent-encoded again
    signed_ip VARCHAR,           -- NULL: signed without an address
    mistake   VARCHAR            -- of the signer
);

CREATE TABLE broken (           -- malformed links that were examined
    source  UINTEGER NOT NULL,
    line    BIGINT NOT NULL,
    host    VARCHAR NOT NULL,
    mistake VARCHAR              -- NULL: none is proven
);
