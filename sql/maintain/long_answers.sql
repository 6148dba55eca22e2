-- Gives this session's statements time for a catalog of a million tables, or an index that is measured. Anybody may.
select set_config('statement_timeout', '10min', false)
