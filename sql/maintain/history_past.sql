-- Reads the last successful statement of each kind on each object: what predictions are made from. Needs SELECT.
select distinct on (kind, database, schema, name) kind, database, schema, name,
       extract(epoch from ended - began)::float8 as seconds, bytes_before as bytes
  from pgtune.maintenance_step
 where outcome in ('done', 'done, debris cleaned') and kind <> 'leftovers'
 order by kind, database, schema, name, began desc
