-- Reads the bytes of the named relations on the disk now, NULL for one that is gone. For every role. It waits for a
-- relation that is locked exclusively, so such relations are left out beforehand.
select wanted.oid, pg_relation_size(wanted.oid) as bytes
  from unnest(%(oids)s::oid[]) as wanted (oid)
