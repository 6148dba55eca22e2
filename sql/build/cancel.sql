-- Cancels the statement of a session of the connected role's own.
select pg_cancel_backend(%(pid)s)
