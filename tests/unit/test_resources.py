"""The texts that travel with the package: the right variant for a version, and each file as the house wants it."""

import re
from pathlib import Path

import pytest

from pgtune import resources

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(SQL.rglob("*.sql"))


@pytest.fixture
def topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `sql/topic` of the test's own."""
    folder = tmp_path / "sql" / "topic"
    folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    resources.sql.cache_clear()
    return folder


@pytest.fixture(autouse=True)
def uncached():
    yield
    resources.sql.cache_clear()


@pytest.mark.parametrize(("major", "text"), [(14, "all"), (15, "all"), (16, "16"), (17, "16"), (18, "18"), (99, "18")])
def test_newest_variant_that_a_server_can_run(topic: Path, major: int, text: str) -> None:
    """`name@NN.sql` is for NN and later; a server gets the newest that is not above it."""
    for name, content in (("name.sql", "all"), ("name@16.sql", "16"), ("name@18.sql", "18")):
        (topic / name).write_text(content)
    assert resources.sql("topic/name", major) == text


def test_variant_alone_is_no_answer_for_an_older_server(topic: Path) -> None:
    """Without a variant that the server can run the name is unknown, and said so."""
    (topic / "name@16.sql").write_text("16")
    with pytest.raises(LookupError, match="no SQL topic/name for PostgreSQL 15"):
        resources.sql("topic/name", 15)


def test_longer_name_is_another_statement(topic: Path) -> None:
    """`name_of` is not taken for `name`, and letters that a search would read as a pattern are letters."""
    (topic / "name_of.sql").write_text("other")
    for name in ("topic/name", "topic/n*", "topic/[n]ame_of", "elsewhere/name_of"):
        with pytest.raises(LookupError):
            resources.sql(name)


def test_package_wins_over_what_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an installed wheel the folder inside the package counts; from a checkout the one beside it."""
    package = tmp_path / "package"
    (tmp_path / "schedules").mkdir()
    package.mkdir()
    (tmp_path / "schedules" / "a.toml").write_text("beside")
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert resources.schedule("a.toml") == "beside"
    (package / "schedules").mkdir()
    (package / "schedules" / "a.toml").write_text("inside")
    assert resources.schedule("a.toml") == "inside"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_file_can_be_loaded_and_says_what_it_is(path: Path) -> None:
    """Each SQL file begins with a comment on what it reads or does, and is the answer to its own name."""
    stem, _, major = path.stem.partition("@")
    assert re.fullmatch("[a-z_]+", stem)
    text = resources.sql(f"{path.parent.name}/{stem}", int(major or 0))
    assert text == path.read_text()
    assert re.match(r"-- \w.{20}", text)
