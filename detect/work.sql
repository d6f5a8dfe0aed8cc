-- Tables for the length of one analysis, beside the case. Table visit is made by the query that fills it.
-- Times are µs since 1970. What a shield asked for is left out.

CREATE TABLE work.answer (          -- table outcome, as far as many queries ask for it
    outcome UINTEGER NOT NULL,
    host    UINTEGER NOT NULL,      -- its place among the hosts by name
    served  BOOLEAN NOT NULL,
    refused BOOLEAN NOT NULL,
    shield  BOOLEAN NOT NULL
);

CREATE TABLE work.told (            -- what was ruled on a link, in sum
    link          UINTEGER NOT NULL,
    hash          UBIGINT NOT NULL,
    host          UINTEGER NOT NULL, -- its place among the hosts by name
    loud          BOOLEAN NOT NULL,  -- some request needed thought: it is in table judged
    telling       BOOLEAN NOT NULL,  -- some were refused because of the address, or nobody knows why
    refused       BOOLEAN NOT NULL,
    doubted       BOOLEAN NOT NULL,  -- some were refused unchecked
    moved         BOOLEAN NOT NULL,  -- asked for from several addresses
    hi            UBIGINT NOT NULL,  -- of one of these
    lo            UBIGINT NOT NULL,
    proven        BOOLEAN NOT NULL,  -- a hash says what it was signed for
    signed_family UTINYINT NOT NULL, -- of the address it was signed for; 0: not known, or none
    signed_mapped UTINYINT NOT NULL,
    signed_hi     UBIGINT NOT NULL,
    signed_lo     UBIGINT NOT NULL
);

CREATE TABLE work.atom (            -- what a user did with a link, in sum
    link           UINTEGER NOT NULL,
    agent          UINTEGER NOT NULL,
    ident          UINTEGER NOT NULL,
    n              BIGINT NOT NULL,   -- requests
    first          BIGINT NOT NULL,
    final          BIGINT NOT NULL,
    dir            UINTEGER NOT NULL, -- 0: several
    file           UINTEGER NOT NULL, -- 0: several, or whatever it is
    moved          BOOLEAN NOT NULL,  -- from several addresses
    family         UTINYINT NOT NULL, -- of one of these
    hi             UBIGINT NOT NULL,
    lo             UBIGINT NOT NULL,
    refusals       BIGINT NOT NULL,
    refused_at     BIGINT NOT NULL,   -- the last of them
    refused_client UINTEGER NOT NULL
);

CREATE TABLE work.fall (            -- the last refusal because of the address, of a link under one user agent
    link   UINTEGER NOT NULL,
    agent  UINTEGER NOT NULL,
    at     BIGINT NOT NULL,
    family UTINYINT NOT NULL,
    mapped UTINYINT NOT NULL,
    hi     UBIGINT NOT NULL,
    lo     UBIGINT NOT NULL
);
