-- Sets, until the savepoint, that scans are not counted. For superusers, and from 15 on roles with SET on the parameter.
select set_config('track_counts', 'off', true)
