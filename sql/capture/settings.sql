-- Reads the settings that planning depends on, as SET takes them. For every role.
select name, current_setting(name) as value
  from pg_settings
 where category like 'Query Tuning%'
    or name in ('work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'temp_buffers', 'shared_buffers',
                'max_parallel_workers', 'max_parallel_workers_per_gather', 'max_parallel_maintenance_workers',
                'max_worker_processes', 'parallel_leader_participation', 'effective_io_concurrency',
                'maintenance_io_concurrency', 'io_combine_limit', 'debug_parallel_query', 'force_parallel_mode',
                'default_transaction_isolation', 'row_security', 'transform_null_equals', 'array_nulls',
                'standard_conforming_strings', 'backslash_quote', 'quote_all_identifiers', 'IntervalStyle',
                'DateStyle', 'TimeZone', 'default_text_search_config', 'lc_messages', 'search_path',
                'track_activity_query_size', 'gin_fuzzy_search_limit', 'default_toast_compression', 'xmloption',
                'bytea_output', 'extra_float_digits', 'enable_partition_pruning')
 order by name
