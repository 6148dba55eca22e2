-- Reads comments on user objects, with the words that COMMENT ON takes. For every role.
select d.classoid::regclass::text as class, d.objoid as oid, i.type, i.identity, d.objsubid as part, d.description as text
  from pg_description d
       cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
 where d.objoid >= 16384
   and i.identity is not null
 order by d.classoid, d.objoid, d.objsubid
