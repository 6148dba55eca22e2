-- Reads which of the named settings the role may write with ALTER SYSTEM: before 15 all or none. Anybody may read it.
SELECT name FROM unnest(%(names)s::text[]) AS wanted (name)
WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
