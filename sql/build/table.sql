-- Reads whether the connected role may create indexes on a table, and who owns it. Anybody may read it.
select c.relkind::text as kind, pg_get_userbyid(c.relowner)::text as owner,
       pg_has_role(c.relowner, 'usage') as owned, has_schema_privilege(c.relnamespace, 'create') as may_create
  from pg_class c
 where c.oid = to_regclass(%(name)s)
