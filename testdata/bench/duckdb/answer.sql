-- One line: lines, 403s, tokens, tokens that were refused and came from more
-- than one address, and lines whose hash holds.
WITH pairs AS (
    SELECT token, client_ip, count(*) AS requests, count(*) FILTER (status = 403) AS refusals, count(held) AS held
    FROM requests GROUP BY token, client_ip
), tokens AS (
    SELECT count(*) AS addresses, sum(requests) AS requests, sum(refusals) AS refusals, sum(held) AS held FROM pairs GROUP BY token
)
SELECT sum(requests)::BIGINT, sum(refusals)::BIGINT, count(*), count(*) FILTER (addresses > 1 AND refusals > 0), sum(held)::BIGINT FROM tokens;
