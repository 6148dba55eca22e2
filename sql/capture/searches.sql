-- Reads text search dictionaries and configurations with what each maps. For every role.
select 'pg_ts_dict' as class, d.oid, n.nspname::text as schema, d.dictname::text as name,
       (select quote_ident(m.nspname) || '.' || quote_ident(t.tmplname)
          from pg_ts_template t join pg_namespace m on m.oid = t.tmplnamespace where t.oid = d.dicttemplate) as base,
       d.dictinitoption as options, null::text[] as mappings
  from pg_ts_dict d
       join pg_namespace n on n.oid = d.dictnamespace
 where d.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'
union all
select 'pg_ts_config', c.oid, n.nspname::text, c.cfgname::text,
       (select quote_ident(m.nspname) || '.' || quote_ident(p.prsname)
          from pg_ts_parser p join pg_namespace m on m.oid = p.prsnamespace where p.oid = c.cfgparser),
       null,
       (select array_agg(t.line order by t.line)
          from (select quote_ident(k.alias) || ' WITH '
                       || string_agg(quote_ident(dn.nspname) || '.' || quote_ident(d.dictname), ', ' order by m.mapseqno)
                  from pg_ts_config_map m
                       join pg_ts_dict d on d.oid = m.mapdict
                       join pg_namespace dn on dn.oid = d.dictnamespace
                       join lateral ts_token_type(c.cfgparser) k on k.tokid = m.maptokentype
                 where m.mapcfg = c.oid
                 group by k.alias) t (line))
  from pg_ts_config c
       join pg_namespace n on n.oid = c.cfgnamespace
 where c.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'
 order by 1 desc, 2
