-- Sets one parameter for this session. Anybody may, where the parameter is theirs to set.
select set_config(%(name)s, %(value)s, false)
