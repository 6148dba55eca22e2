-- Reads how these sessions are getting on: what they wait for, who holds it, and how far their command has come. A role
-- may read it of its own sessions. `queued` is true in the queue of a relation's lock. A cursor that rests on a page
-- stops a VACUUM that freezes, and nobody tells whose: so everybody with a lock on the table is named.
select a.pid, coalesce(a.wait_event_type in ('Lock', 'BufferPin'), false) as waiting,
       a.wait_event_type = 'Lock' and a.wait_event in ('relation', 'page', 'tuple', 'object') as queued,
       case a.wait_event_type
            when 'Lock' then pg_blocking_pids(a.pid)
            when 'BufferPin' then (select array_agg(distinct l.pid) from pg_locks l
                                    where l.locktype = 'relation' and l.granted and l.pid <> a.pid
                                      and l.database = v.datid and l.relation = v.relid) end as blocked_by,
       i.current_locker_pid as locker, i.index_relid as index_oid,
       coalesce(i.phase, v.phase, z.phase, '') as phase,
       case when i.blocks_total > 0 then i.blocks_done::float8 / i.blocks_total
            when i.tuples_total > 0 then i.tuples_done::float8 / i.tuples_total
            when v.phase = 'scanning heap' and v.heap_blks_total > 0
                then v.heap_blks_scanned::float8 / v.heap_blks_total
            when v.phase = 'vacuuming heap' and v.heap_blks_total > 0
                then v.heap_blks_vacuumed::float8 / v.heap_blks_total
            when z.sample_blks_total > 0 then z.sample_blks_scanned::float8 / z.sample_blks_total end as share
  from pg_stat_activity a
       left join pg_stat_progress_create_index i on i.pid = a.pid
       left join pg_stat_progress_vacuum v on v.pid = a.pid
       left join pg_stat_progress_analyze z on z.pid = a.pid
 where a.pid = any (%(pids)s::int[]) and a.state = 'active'
