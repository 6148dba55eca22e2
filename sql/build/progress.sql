-- Reads how far a session's CREATE INDEX is and which sessions it waits for. For anybody; what others do (user, state)
-- is seen in full by pg_monitor, and as nulls by other roles. Texts of statements are not read.
select p.phase, p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total,
       (select coalesce(json_agg(json_build_object(
                   'pid', a.pid, 'role', a.usename, 'application', a.application_name, 'state', a.state,
                   'seconds', round(extract(epoch from clock_timestamp() - a.xact_start))) order by a.pid), '[]')
          from unnest(pg_blocking_pids(s.pid)) as b (pid)
               left join pg_stat_activity a on a.pid = b.pid) as blockers
  from pg_stat_activity s
       left join pg_stat_progress_create_index p on p.pid = s.pid
 where s.pid = %(pid)s
