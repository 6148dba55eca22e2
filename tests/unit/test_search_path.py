"""A search_path as ALTER ROLE keeps it, read as the server reads it."""

import pytest

from pgtune.server.capture.paths import search_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ('""', ()),
        ("public", ("public",)),
        ('"$user", public', ("$user", "public")),
        ('App,"Odd, one" ,"with ""quotes"""', ("app", "Odd, one", 'with "quotes"')),
        ('größe, "%s"', ("größe", "%s")),
    ],
)
def test_names_are_split_and_folded(text: str, names: tuple[str, ...]):
    """Quoted names stay as they are, others are folded to lower case; commas between quotes are letters."""
    assert search_path(text) == names
