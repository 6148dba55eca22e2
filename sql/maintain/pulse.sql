-- Reads how the server fares: WAL written so far, the slowest standby, sessions at work beside the named ones. For every
-- role; standbys and sessions of others need pg_read_all_stats, without it they are `unseen`. Programs that only take the
-- WAL away replay nothing and cannot lag. A standby that is away is as far behind as its slot holds WAL back for it.
select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 as wal, slowest.lag, slowest.slot,
       (select count(*) from pg_stat_replication where state is null)::int as unseen,
       (select count(*) from pg_stat_activity
         where backend_type = 'client backend' and state = 'active' and pid <> all (%(pids)s::int[])
           and pid <> pg_backend_pid())::int as active
  from (values (1)) as one
       left join (
         select (pg_current_wal_lsn() - r.replay_lsn)::bigint as lag, null::text as slot
           from pg_stat_replication r left join pg_replication_slots s on s.active_pid = r.pid
          where s.slot_type is distinct from 'logical' and r.state in ('streaming', 'catchup')
          union all
         select (pg_current_wal_lsn() - restart_lsn)::bigint, slot_name::text
           from pg_replication_slots
          where slot_type = 'physical' and not active
          order by lag desc nulls last limit 1) as slowest on true
