-- Reads how often each relation of users that this session holds locked was scanned since its counts were last sent
-- away, if it was. For every role whose sessions count (track_counts), with any search_path.
SELECT s.relation, s.scans
  FROM (SELECT DISTINCT l.relation, pg_catalog.pg_stat_get_xact_numscans(l.relation) AS scans
          FROM pg_catalog.pg_locks l
         WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
           AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid) s
 WHERE s.scans OPERATOR(pg_catalog.>) 0::pg_catalog.int8
