-- Makes the planner see some indexes and not see others, as if they were dropped. For superusers, on our own cluster.
-- An index that is not live is on no list of its table's indexes; the touched row of pg_class has that list read anew.
WITH changed AS (
  UPDATE pg_index i
     SET indislive = i.indexrelid = ANY (%(shown)s::oid[])
   WHERE i.indexrelid = ANY (%(shown)s::oid[] || %(hidden)s::oid[])
  RETURNING i.indrelid
)
UPDATE pg_class c
   SET relpages = c.relpages
 WHERE c.oid IN (SELECT indrelid FROM changed)
