-- Reads of an extension whether it may be moved to another schema and whether it needs others, and whether the weak
-- owner has made functions or operators by now. For superusers.
SELECT v.relocatable, coalesce(cardinality(v.requires), 0) > 0 AS needs,
       EXISTS (SELECT FROM pg_proc WHERE proowner = 'pgtune_owner'::regrole)
         OR EXISTS (SELECT FROM pg_operator WHERE oprowner = 'pgtune_owner'::regrole) AS strangers
  FROM pg_available_extensions e
       JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
 WHERE e.name = %(name)s
