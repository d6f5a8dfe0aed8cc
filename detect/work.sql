-- Tables for the length of one analysis, beside the case. Table visit is made by the query that fills it.
-- Times are µs since 1970. What a shield asked for is left out.

CREATE TABLE work.answer (          -- table outcome, as far as many queries ask for it
    outcome UINTEGER NOT NULL,
    host    UINTEGER NOT NULL,      -- its place among the hosts by name
    served  BOOLEAN NOT NULL,
    refused BOOLEAN NOT NULL,
    shield  BOOLEAN NOT NULL
);

CREATE TABLE work.denied (          -- refused requests of links
    outcome UINTEGER NOT NULL,
    client  UINTEGER NOT NULL,
    cause   UTINYINT NOT NULL,
    n       BIGINT NOT NULL
);
