-- Ends a session of ours whose client was lost and which a cancel has left idle. Anybody may end sessions of their own role.
select pg_terminate_backend(%(pid)s) as sent
