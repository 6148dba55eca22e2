-- Reads of some types what statistics of them need: the type below a domain, the type of an array's elements, and the
-- operators = and < of the default operator class, as GetDefaultOpClass() finds it. For every role.
-- `safe`: reading a value runs nothing that users wrote; so no composite type, no range and no domain of theirs, nor
-- an array of such: the elements of an array are read as what they are declared to be, checks of a domain included.
WITH RECURSIVE below (type, base) AS (
  SELECT oid, oid FROM pg_type WHERE oid = ANY (%(types)s::oid[])
   UNION ALL
  SELECT b.type, t.typbasetype FROM below b JOIN pg_type t ON t.oid = b.base AND t.typtype = 'd'
)
SELECT b.type, t.oid AS base,
       CASE WHEN t.typcategory = 'A' THEN nullif(t.typelem, 0) WHEN t.oid = 'tsvector'::regtype THEN 'text'::regtype
        END::oid AS element,
       (t.typtype IN ('b', 'e') OR t.typtype IN ('r', 'm') AND t.oid < 16384)
         AND (t.typelem = 0
              OR EXISTS (SELECT FROM pg_type e
                          WHERE e.oid = t.typelem
                            AND (e.typtype IN ('b', 'e') OR e.typtype IN ('r', 'm') AND e.oid < 16384))) AS safe,
       (SELECT amopopr FROM pg_amop WHERE amopfamily = o.opcfamily AND amoplefttype = o.opcintype
           AND amoprighttype = o.opcintype AND amopstrategy = CASE o.opcmethod WHEN 403 THEN 3 ELSE 1 END) AS equal,
       (SELECT amopopr FROM pg_amop WHERE amopfamily = o.opcfamily AND amoplefttype = o.opcintype
           AND amoprighttype = o.opcintype AND amopstrategy = 1 AND o.opcmethod = 403) AS less
  FROM below b
       JOIN pg_type t ON t.oid = b.base AND t.typtype <> 'd'
       LEFT JOIN LATERAL (
         SELECT c.opcfamily, c.opcintype, c.opcmethod
           FROM pg_opclass c
                JOIN pg_type i ON i.oid = c.opcintype
          WHERE c.opcdefault
            AND c.opcmethod IN (403, 405)  -- btree, hash
            AND (c.opcintype = t.oid
                 OR c.opcintype = CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype
                                       WHEN t.typtype = 'r' THEN 'anyrange'::regtype
                                       WHEN t.typtype = 'm' THEN 'anymultirange'::regtype
                                       WHEN t.typtype = 'c' THEN 'record'::regtype
                                       WHEN t.typcategory = 'A' THEN 'anyarray'::regtype END
                 OR EXISTS (SELECT FROM pg_cast k
                             WHERE k.castsource = t.oid AND k.casttarget = c.opcintype AND k.castmethod = 'b'
                               AND k.castcontext = 'i'))
          ORDER BY c.opcmethod, c.opcintype = t.oid DESC, i.typispreferred DESC
          LIMIT 1) AS o ON true
