-- Reads the planner's statistics of some tables and indexes. Rows: of columns that the role may SELECT, without
-- policies that hide rows from it; of an index's expressions, for its owner and pg_read_all_data.
select s.schemaname::text as schema, s.tablename::text as relation, s.attname::text as column, s.inherited,
       s.null_frac::float8, s.avg_width, s.n_distinct::float8, s.most_common_vals::text, s.most_common_freqs::text,
       s.histogram_bounds::text, s.correlation::float8, s.most_common_elems::text, s.most_common_elem_freqs::text,
       s.elem_count_histogram::text,
       s.range_length_histogram::text, s.range_empty_frac::float8, s.range_bounds_histogram::text
  from pg_stats s
 where s.schemaname = any (%(schemas)s::text[])
   and s.tablename = any (%(names)s::text[])
 order by s.schemaname, s.tablename, s.attname, s.inherited
