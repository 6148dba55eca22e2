-- Reads how often each relation of users was scanned in this transaction, if it was. For every role whose sessions
-- count (track_counts), with any search_path.
SELECT s.oid, s.scans
  FROM (SELECT c.oid, pg_catalog.pg_stat_get_xact_numscans(c.oid) AS scans
          FROM pg_catalog.pg_class c
         WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid) s
 WHERE s.scans OPERATOR(pg_catalog.>) 0::pg_catalog.int8
