-- Gives the locks of these objects (1885828206, the oid of each) back. Anybody may.
select pg_advisory_unlock(1885828206, (oid::bigint - 2147483648)::int) as given_back
  from unnest(%(oids)s::oid[]) as held (oid)
