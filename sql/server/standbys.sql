-- Reads who receives this server's WAL physically. For every role; names, addresses and states for pg_read_all_stats,
-- NULL otherwise. A logical subscriber holds a logical slot and is no standby; programs that only take the WAL away
-- (backups, archives) replay nothing.
select r.application_name,
       coalesce(r.client_hostname, host(r.client_addr)) as address,
       r.state
  from pg_stat_replication r
       left join pg_replication_slots s on s.active_pid = r.pid
 where s.slot_type is distinct from 'logical'
   and (r.state is null or r.state in ('streaming', 'catchup'))
   and coalesce(r.application_name, '') not in ('pg_basebackup', 'pg_receivewal', 'barman_receive_wal')
 order by r.application_name, address
