-- The job of analyze's first half in SQL alone: read the log, take the signed
-- URL apart, check its token, keep every request. A token is checked against
-- the directory, and where that fails against the file.
CREATE TABLE requests AS
WITH lines AS (
    SELECT * FROM read_csv($log, auto_detect = false, header = false, delim = ' ', quote = '"', escape = '"', columns = {
        client_ip: 'VARCHAR', ident: 'VARCHAR', remote_user: 'VARCHAR', moment: 'VARCHAR', zone: 'VARCHAR', request: 'VARCHAR',
        status: 'SMALLINT', bytes: 'BIGINT', referer: 'VARCHAR', user_agent: 'VARCHAR', host: 'VARCHAR', request_time: 'DOUBLE'})
), cut AS (
    SELECT *, strptime(moment, '[%d/%b/%Y:%H:%M:%S') AS logged, split_part(request, ' ', 1) AS method,
           split_part(split_part(request, ' ', 2), '?', 1) AS path, split_part(split_part(request, ' ', 2), '?', 2) AS query
    FROM lines
), signed AS (
    SELECT *, left(path, length(path) - strpos(reverse(path), '/') + 1) AS dir,
           split_part(split_part(query, 'md5=', 2), '&', 1) AS token, split_part(query, 'expires=', 2) AS expires
    FROM cut
)
SELECT logged, client_ip, host, method, path, status, bytes, request_time, referer, user_agent, token, expires,
       CASE token
           WHEN rtrim(translate(to_base64(unhex(md5(expires || dir || client_ip || ' ' || $key))), '+/', '-_'), '=') THEN 'dir'
           WHEN rtrim(translate(to_base64(unhex(md5(expires || path || client_ip || ' ' || $key))), '+/', '-_'), '=') THEN 'file'
       END AS held
FROM signed;
