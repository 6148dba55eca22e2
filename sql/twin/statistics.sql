-- Writes statistics of columns into pg_statistic, in the slots that ANALYZE would fill. For superusers, on our own
-- cluster. Values are read as the given type, which must be one whose reading runs nothing that users wrote.
INSERT INTO pg_statistic
SELECT s.relid, s.number, s.inherited, s.null_frac, s.avg_width, s.n_distinct,
       s.kind1, s.kind2, s.kind3, s.kind4, s.kind5,
       s.operator1, s.operator2, s.operator3, s.operator4, s.operator5,
       s.collation1, s.collation2, s.collation3, s.collation4, s.collation5,
       s.numbers1::real[], s.numbers2::real[], s.numbers3::real[], s.numbers4::real[], s.numbers5::real[],
       array_in(textout(s.values1), s.type1, -1), array_in(textout(s.values2), s.type2, -1),
       array_in(textout(s.values3), s.type3, -1), array_in(textout(s.values4), s.type4, -1),
       array_in(textout(s.values5), s.type5, -1)
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS s (
         relid oid, number int2, inherited boolean, null_frac real, avg_width int, n_distinct real,
         kind1 int2, kind2 int2, kind3 int2, kind4 int2, kind5 int2,
         operator1 oid, operator2 oid, operator3 oid, operator4 oid, operator5 oid,
         collation1 oid, collation2 oid, collation3 oid, collation4 oid, collation5 oid,
         numbers1 text, numbers2 text, numbers3 text, numbers4 text, numbers5 text,
         values1 text, values2 text, values3 text, values4 text, values5 text,
         type1 oid, type2 oid, type3 oid, type4 oid, type5 oid)
