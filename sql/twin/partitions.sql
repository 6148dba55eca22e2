-- Reads the partitions of a table with what a row must fulfil to be in them. For every role.
SELECT c.relname::text AS name, pg_get_partition_constraintdef(c.oid) AS condition
  FROM pg_inherits i
       JOIN pg_class c ON c.oid = i.inhrelid
       JOIN pg_class p ON p.oid = i.inhparent
       JOIN pg_namespace n ON n.oid = p.relnamespace
 WHERE n.nspname = $1
   AND p.relname = $2
 ORDER BY c.relname
