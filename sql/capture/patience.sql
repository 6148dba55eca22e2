-- Sets, until the savepoint, that values come from an index or not at all, and how long a statement may take: an end may
-- lie behind many dead entries. For every role.
select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
       set_config('enable_bitmapscan', 'off', true), set_config('statement_timeout', '500ms', true),
       set_config('lock_timeout', '500ms', true), set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true)
