-- Reads aggregates, part by part, for there is no pg_get_functiondef() of them. For every role.
select p.oid, n.nspname::text as schema, p.proname::text as name, 'a' as kind,
       pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_arguments(p.oid) as all_arguments,
       a.aggkind::text as aggregate_kind, a.aggtransfn::text as transition,
       format_type(a.aggtranstype, null) as state, nullif(a.aggtransspace, 0) as space,
       nullif(a.aggfinalfn::oid, 0)::regproc::text as final, a.aggfinalextra as final_extra,
       a.aggfinalmodify::text as final_modify, nullif(a.aggcombinefn::oid, 0)::regproc::text as combine,
       nullif(a.aggserialfn::oid, 0)::regproc::text as serial, nullif(a.aggdeserialfn::oid, 0)::regproc::text as deserial,
       nullif(a.aggmtransfn::oid, 0)::regproc::text as moving, nullif(a.aggminvtransfn::oid, 0)::regproc::text as inverse,
       case when a.aggmtransfn <> 0 then format_type(a.aggmtranstype, null) end as moving_state,
       nullif(a.aggmfinalfn::oid, 0)::regproc::text as moving_final,
       a.agginitval as initial, a.aggminitval as moving_initial,
       (select 'operator(' || quote_ident(on_.nspname) || '.' || o.oprname || ')'
          from pg_operator o join pg_namespace on_ on on_.oid = o.oprnamespace where o.oid = a.aggsortop) as sort_operator,
       p.proparallel::text as parallel
  from pg_proc p
       join pg_namespace n on n.oid = p.pronamespace
       join pg_aggregate a on a.aggfnoid = p.oid
 where p.oid >= 16384
   and n.nspname !~ '^pg_(toast|temp)'
 order by p.oid
