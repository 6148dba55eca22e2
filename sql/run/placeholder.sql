-- Makes an extension's setting known to this session, so that ALTER SYSTEM takes it before the library is loaded
-- (needed up to 15). Anybody may.
SELECT set_config(%(name)s, %(value)s, false)
