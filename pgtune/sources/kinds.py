"""Which files may hold SQL, or say how it is applied, by their names."""

import re

SQL = (".sql", ".psql", ".pgsql", ".ddl")
PYTHON = (".py", ".pyi")
# Each ending with the grammar that reads it.
GRAMMARS = {
    ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".go": "go", ".java": "java", ".rb": "ruby", ".php": "php", ".cs": "c_sharp", ".rs": "rust",
}  # fmt: skip
CODE = frozenset({*PYTHON, *GRAMMARS})
_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing|testdata|fixtures|e2e)/|(?:^|/)test_[^/]*$|(?:^|/)conftest\.py$"
    r"|_(?:test|spec)\.\w+$|\.(?:test|spec)\.\w+$|(?:Test|Tests|IT)\.(?:java|cs|php)$"
)
_BESIDE = frozenset({"metadata.toml", "diesel.toml", "cargo.toml", "sqitch.plan"})


def ending(path: str) -> str:
    """What stands behind the last dot of a name, in small letters, with the dot."""
    return path[path.rfind(".") :].lower() if "." in path.rpartition("/")[2] else ""


def is_test(path: str) -> bool:
    """Whether the name says that the file is a test."""
    return bool(_TEST.search(path))


def is_beside(path: str) -> bool:
    """Whether the file holds no SQL, but may say how a tool applies the files beside it."""
    name = path.rpartition("/")[2].lower()
    return name in _BESIDE or name.endswith(".sql.conf")


def is_source(path: str) -> bool:
    """Whether `read` looks at a file of this name."""
    end = ending(path)
    return end in SQL or end in PYTHON or end in GRAMMARS or is_beside(path)
