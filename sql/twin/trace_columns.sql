-- Reads the columns of a relation: number, whether a row that was there before has a value in it, its length. For every
-- role, with any search_path.
SELECT a.attnum, a.atthasmissing, a.attlen, a.attnotnull, a.atthasdef
  FROM pg_catalog.pg_attribute a
 WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
   AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND NOT a.attisdropped
