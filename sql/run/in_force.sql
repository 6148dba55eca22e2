-- Reads how the named settings stand in this session. Anybody may read it; those of superusers are missing for others.
SELECT name, setting, vartype AS type, source, pending_restart FROM pg_settings WHERE lower(name) = ANY (%(names)s)
