-- Writes what is known of columns that a migration added: NULL in every row, or one value in all. For superusers, on our
-- own cluster. The column may not be committed yet, which pg_statistic does not mind.
INSERT INTO pg_statistic
SELECT s.relid, s.number, false, s.null_frac, s.width, s.n_distinct,
       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM unnest(%(relids)s::oid[], %(numbers)s::int2[], %(null_fracs)s::real[], %(widths)s::int[], %(distincts)s::real[])
         AS s (relid, number, null_frac, width, n_distinct)
 WHERE NOT EXISTS (SELECT FROM pg_statistic o
                    WHERE o.starelid = s.relid AND o.staattnum = s.number AND NOT o.stainherit)
