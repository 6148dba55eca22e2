-- Reads which objects were put off or cancelled at the deadline, and how many runs in a row: since their work was last done. Needs SELECT.
with last as (
    select kind, database, schema, name,
           max(began) filter (where outcome in ('done', 'done, debris cleaned')) as done
      from pgtune.maintenance_step
     group by kind, database, schema, name
)
select s.kind, s.database, s.schema, s.name, count(distinct s.run)::int as times
  from pgtune.maintenance_step s join last l using (kind, database, schema, name)
 where s.outcome in ('deferred', 'cancelled: deadline') and (l.done is null or s.began > l.done)
 group by s.kind, s.database, s.schema, s.name
