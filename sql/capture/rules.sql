-- Reads rules, triggers and extended statistics as statements. For every role. `enabled` is how a rule or trigger
-- fires, and the target of statistics.
-- %(skipped)s: relations that somebody holds locked, on which none of these can be written out now.
select 'pg_rewrite' as class, r.oid, 'rule' as kind, r.ev_class as relation, null as schema, r.rulename::text as name,
       pg_get_ruledef(r.oid) as definition, r.ev_enabled::text as enabled, null::text[] as columns, null::text as kinds
  from pg_rewrite r
 where r.oid >= 16384 and r.rulename <> '_RETURN' and r.ev_class <> all (%(skipped)s::oid[])
   and not exists (select from pg_depend d
                      where d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
                        and d.refobjid = any (%(skipped)s::oid[]))
union all
select 'pg_trigger', t.oid, 'trigger', t.tgrelid, null, t.tgname::text,
       pg_get_triggerdef(t.oid), t.tgenabled::text, null, null
  from pg_trigger t
 where t.oid >= 16384 and not t.tgisinternal and t.tgparentid = 0 and t.tgrelid <> all (%(skipped)s::oid[])
union all
select 'pg_statistic_ext', s.oid, 'statistics', s.stxrelid, n.nspname::text, s.stxname::text,
       pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1)::text,
       (select array_agg(a.attname::text order by k.n)
          from unnest(s.stxkeys::int2[]) with ordinality as k (number, n)
               join pg_attribute a on a.attrelid = s.stxrelid and a.attnum = k.number),
       array_to_string(s.stxkind, ',')
  from pg_statistic_ext s
       join pg_namespace n on n.oid = s.stxnamespace
 where s.oid >= 16384 and s.stxrelid <> all (%(skipped)s::oid[])
order by 1, 2
