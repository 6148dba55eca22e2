-- Reads since when pg_stat_statements (1.9 or later) has counted, in UTC. For roles with SELECT on it.
select to_char(stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as reset
  from {schema}.pg_stat_statements_info
