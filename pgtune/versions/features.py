"""What a version of PostgreSQL can do, where a statement depends on it. `version` is server_version_num."""


def grants_maintain(version: int) -> bool:
    """MAINTAIN on a table and the role pg_maintain (release notes of 17)."""
    return version >= 170000


def statistics_come_late(version: int) -> bool:
    """A collector writes them every half second; from 15 on they are in shared memory (release notes of 15)."""
    return version < 150000


def spares_database_stats(version: int) -> bool:
    """VACUUM (SKIP_DATABASE_STATS) leaves pg_database.datfrozenxid to another (release notes of 16)."""
    return version >= 160000


def analyzes_parent_alone(version: int) -> bool:
    """ANALYZE ONLY leaves a partitioned table's leaves alone (release notes of 18)."""
    return version >= 180000


def rebuilds_corrupt(version: int) -> bool:
    """CREATE INDEX and REINDEX CONCURRENTLY may miss rows (release notes of 14.4; other versions never did)."""
    return 140000 <= version < 140004


def repacks_concurrently(version: int) -> bool:
    """REPACK (CONCURRENTLY), expected with 19; not tested here, and nothing proposes it by itself."""
    return version >= 190000
