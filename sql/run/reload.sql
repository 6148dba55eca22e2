-- Makes the server read its files again. Superusers may, or a role that was granted the function.
SELECT pg_reload_conf() AS sent
