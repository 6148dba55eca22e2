-- Makes a second database of our twin out of the first one's row, for whom its files were copied to base/<oid>. For
-- superusers, on our own cluster.
WITH made AS (
  INSERT INTO pg_database
  SELECT (jsonb_populate_record(d, jsonb_build_object('oid', %(oid)s::oid, 'datname', %(name)s::text))).*
    FROM pg_database d
   WHERE d.datname = %(first)s
  RETURNING oid
)
INSERT INTO pg_db_role_setting
SELECT m.oid, s.setrole, s.setconfig
  FROM made m
       CROSS JOIN pg_db_role_setting s
       JOIN pg_database d ON d.oid = s.setdatabase
 WHERE d.datname = %(first)s
