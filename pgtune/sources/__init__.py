"""The SQL of a project: in .sql files, migrations and application code, each statement with its file and line."""

from pgtune.sources.project import Comment, Migration, Project, Sql
from pgtune.sources.reading import read

__all__ = ["Comment", "Migration", "Project", "Sql", "read"]
