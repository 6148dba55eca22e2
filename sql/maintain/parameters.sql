-- Sets these parameters for this session, all of them, or none if one is not theirs to set. Anybody may set their own.
select set_config(name, value, false) from unnest(%(names)s::text[], %(values)s::text[]) as wanted (name, value)
