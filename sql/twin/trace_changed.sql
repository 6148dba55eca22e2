-- Reads the relations of users that the statement changed that was run last: rows that the innermost transaction wrote,
-- whose number it holds locked. For every role, with any search_path.
SELECT c.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text, c.relfilenode,
       i.indrelid
  FROM (SELECT k.*
          FROM pg_catalog.pg_class k
         WHERE k.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
           AND k.xmin OPERATOR(pg_catalog.=) ANY (ARRAY(
                 SELECT l.transactionid
                   FROM pg_catalog.pg_locks l
                  WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
                    AND l.transactionid IS NOT NULL))
        OFFSET 0) c
       JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
       LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
