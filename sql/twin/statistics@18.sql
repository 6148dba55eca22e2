-- Writes statistics of columns as pg_stats shows them, and answers for how many that went well. For the tables' owner,
-- never for a superuser: reading a value of a domain runs the domain's checks.
SELECT count(*) FILTER (WHERE pg_restore_attribute_stats(
         'schemaname', s.schema, 'relname', s.relation, 'attname', s.attribute, 'inherited', s.inherited,
         'null_frac', s.null_frac, 'avg_width', s.avg_width, 'n_distinct', s.n_distinct,
         'most_common_vals', s.most_common_vals, 'most_common_freqs', s.most_common_freqs::real[],
         'histogram_bounds', s.histogram_bounds, 'correlation', s.correlation,
         'most_common_elems', s.most_common_elems, 'most_common_elem_freqs', s.most_common_elem_freqs::real[],
         'elem_count_histogram', s.elem_count_histogram::real[],
         'range_length_histogram', s.range_length_histogram, 'range_empty_frac', s.range_empty_frac,
         'range_bounds_histogram', s.range_bounds_histogram))
  FROM jsonb_to_recordset($1::jsonb) AS s (
         schema text, relation text, attribute text, inherited boolean, null_frac real, avg_width int, n_distinct real,
         most_common_vals text, most_common_freqs text, histogram_bounds text, correlation real,
         most_common_elems text, most_common_elem_freqs text, elem_count_histogram text,
         range_length_histogram text, range_empty_frac real, range_bounds_histogram text)
