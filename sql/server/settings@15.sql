-- Reads every parameter. For every role; rows that need pg_read_all_settings (data_directory, ...) are absent without
-- it, and so are the file and line of each value. From 15 on, ALTER SYSTEM can be granted for one parameter.
select name, setting, unit, vartype, context, boot_val, min_val, max_val, enumvals, source, sourcefile, sourceline,
       pending_restart,
       has_parameter_privilege(name, 'alter system') as may_alter
  from pg_settings
