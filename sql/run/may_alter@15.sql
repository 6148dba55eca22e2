-- Reads which of the named settings the role may write with ALTER SYSTEM. Anybody may read it.
SELECT name FROM unnest(%(names)s::text[]) AS wanted (name) WHERE has_parameter_privilege(name, 'ALTER SYSTEM')
