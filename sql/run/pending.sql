-- Reads which settings wait for a restart. Anybody may read it.
SELECT name FROM pg_settings WHERE pending_restart ORDER BY name
