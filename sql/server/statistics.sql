-- Reads counters of WAL, checkpoints, temporary files, slots and prepared transactions. For every role.
-- A database never reset has counted since the cluster's statistics began: since the oldest of the shared resets.
with begun as (
  select least(b.stats_reset, w.stats_reset, a.stats_reset) as at
    from pg_stat_bgwriter b, pg_stat_wal w, pg_stat_archiver a)
select (select extract(epoch from now() - min(coalesce(d.stats_reset, begun.at)))::float8
          from pg_stat_database d, begun) as stats_seconds,
       (select sum(temp_files)::bigint from pg_stat_database) as temp_files,
       (select sum(temp_bytes)::bigint from pg_stat_database) as temp_bytes,
       (select sum(numbackends)::int from pg_stat_database) as backends,
       w.wal_bytes::bigint as wal_bytes,
       w.wal_buffers_full,
       extract(epoch from now() - w.stats_reset)::float8 as wal_seconds,
       c.checkpoints_timed,
       c.checkpoints_req as checkpoints_requested,
       extract(epoch from now() - c.stats_reset)::float8 as checkpoint_seconds,
       (select count(*)::int from pg_stat_replication) as walsenders,
       (select count(*)::int from pg_replication_slots where not temporary) as slots,
       (select count(*)::int from pg_replication_slots where not temporary and slot_type = 'physical') as slots_physical,
       (select count(*)::int from pg_prepared_xacts) as prepared_transactions
  from pg_stat_wal w, pg_stat_bgwriter c
