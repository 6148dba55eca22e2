-- Writes what the planner reads of a relation's size into pg_class. For superusers, on our own cluster.
-- CREATE INDEX sets the figures of its table to nothing, so this comes last.
UPDATE pg_class c
   SET relpages = s.pages, reltuples = s.tuples, relallvisible = s.visible
  FROM unnest(%(oids)s::oid[], %(pages)s::int[], %(tuples)s::real[], %(visible)s::int[])
         AS s (oid, pages, tuples, visible)
 WHERE c.oid = s.oid
