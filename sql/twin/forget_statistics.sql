-- Forgets the statistics of relations, which are about to be written anew. For superusers, on our own cluster.
DELETE FROM pg_statistic
 WHERE starelid = ANY (%(oids)s::oid[])
