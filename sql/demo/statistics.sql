-- Counts from here on: what building the shop did is forgotten, then the planner's statistics are made anew.
create extension pg_stat_statements;
select pg_stat_reset(), pg_stat_reset_shared('io'), pg_stat_reset_shared('wal');
analyze;
select pg_stat_statements_reset();
