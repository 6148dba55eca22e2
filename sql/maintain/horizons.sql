-- Reads who keeps old row versions alive: sessions, prepared transactions, slots and standbys, each with how many
-- transactions back it reaches. Sessions of other databases matter only to shared catalogs and are left out. For every
-- role; query, state and age of other roles' sessions need pg_read_all_stats and are NULL without it.
select 'session' as hold, a.pid::text as name, a.usename::text as role, a.application_name as application,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as age,
       greatest(age(a.backend_xmin), age(a.backend_xid)) as xids, left(a.query, 200) as query, a.state
  from pg_stat_activity a
 where a.datname = current_database() and a.pid <> pg_backend_pid()
   and coalesce(a.backend_type, '') <> 'autovacuum worker'
   and (a.backend_xmin is not null or a.backend_xid is not null)
union all
select 'prepared transaction', x.gid, x.owner::text, null, extract(epoch from clock_timestamp() - x.prepared)::float8,
       age(x.transaction), null, null
  from pg_prepared_xacts x
 where x.database = current_database()
union all
select 'replication slot', s.slot_name::text, null, s.slot_type, null, age(s.xmin), null,
       case when s.active then 'active' else 'inactive' end
  from pg_replication_slots s
 where s.xmin is not null
union all
select 'standby', coalesce(r.application_name, 'unnamed'), r.usename::text, host(r.client_addr),
       null, age(r.backend_xmin), null, r.state
  from pg_stat_replication r
 where r.backend_xmin is not null
 order by xids desc nulls last
