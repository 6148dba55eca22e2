"""The SQL of a project: in .sql files, migrations and application code, each statement with its file and line."""

from pgtune.sources.project import Migration, Project, Sql

__all__ = ["Migration", "Project", "Sql"]
