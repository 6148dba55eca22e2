-- Cancels what a session is doing. Anybody may cancel sessions of their own role.
select pg_cancel_backend(%(pid)s) as sent
