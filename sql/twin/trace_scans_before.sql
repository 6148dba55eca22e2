-- Reads how often each relation of users was scanned since its counts were last sent away, if it was: of these ($1), or
-- of all. For every role whose sessions count (track_counts), with any search_path.
SELECT s.oid, s.scans
  FROM (SELECT c.oid, pg_catalog.pg_stat_get_xact_numscans(c.oid) AS scans
          FROM pg_catalog.pg_class c
         WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
           AND ($1::pg_catalog.oid[] IS NULL OR c.oid OPERATOR(pg_catalog.=) ANY ($1))) s
 WHERE s.scans OPERATOR(pg_catalog.>) 0::pg_catalog.int8
