-- Reads how much pg_wal holds. For pg_monitor, or roles with EXECUTE on pg_ls_waldir().
select coalesce(sum(size), 0)::bigint as bytes
  from pg_ls_waldir()
