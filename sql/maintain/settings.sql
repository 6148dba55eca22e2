-- Reads when autovacuum acts on its own, as numbers without a unit. For every role; what a version lacks is absent.
select name, setting::float8 as value
  from pg_settings
 where name in ('autovacuum_vacuum_threshold', 'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_max_threshold',
                'autovacuum_vacuum_insert_threshold', 'autovacuum_vacuum_insert_scale_factor',
                'autovacuum_analyze_threshold', 'autovacuum_analyze_scale_factor', 'autovacuum_freeze_max_age',
                'autovacuum_multixact_freeze_max_age', 'default_statistics_target', 'block_size')
