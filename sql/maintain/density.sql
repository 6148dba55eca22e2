-- Reads a B-tree index from its first page to its last: sizes, and how full its leaves are. For superusers and members
-- of pg_stat_scan_tables, where the extension pgstattuple is installed.
select index_size as bytes, leaf_pages, internal_pages, empty_pages, deleted_pages, avg_leaf_density as density
  from {schema}.pgstatindex(%(oid)s::oid::regclass)
