"""The doing half of maintenance: VACUUM, ANALYZE, REINDEX CONCURRENTLY and the removal of leftovers, one job at a time.

It stands beside `server/run` on purpose: that room changes settings, this one changes relations, and together they are
the only place where pgtune writes to a user's server. Both write down what they are about to do, do it, look whether it
happened, and clean up after themselves.

A *session* works, with every timeout at 0 and in autocommit: a timeout inside a concurrent build leaves an invalid
index, and an own transaction would block the build itself. One *observer* for all sessions keeps the patience for them:
it polls locks and progress, cancels on purpose, and says why, so that the session knows what to clean up.
"""
