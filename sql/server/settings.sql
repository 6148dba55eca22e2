-- Reads every parameter. For every role; rows that need pg_read_all_settings (data_directory, ...) are absent without
-- it, and so are the file and line of each value. Before 15 only superusers may change parameters.
select name, setting, unit, vartype, context, boot_val, min_val, max_val, enumvals, source, sourcefile, sourceline,
       pending_restart,
       (select rolsuper from pg_roles where rolname = current_user) as may_alter
  from pg_settings
