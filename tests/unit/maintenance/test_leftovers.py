"""Leftovers are known by relation, state and definition, and by their names last."""

import pytest

from pgtune.maintenance.leftovers import leftover
from tests.unit.maintenance.sample import INDEX

BASE = INDEX._replace(name="orders_v")
LONG = "é" * 31 + "x"  # 63 bytes
COPY = INDEX._replace(oid=201, name="orders_v_ccnew", valid=False)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("orders_v_ccnew", "orders_v"),
        ("orders_v_ccold", "orders_v"),
        ("orders_v_ccnew12", "orders_v"),
        ("x" * 57 + "_ccnew", "x" * 63),
        ("x" * 56 + "_ccnew1", "x" * 60),
        ("é" * 28 + "_ccnew", LONG),  # 57 bytes would end inside a letter: 56 are kept
        ('we"ird s_ccold', 'we"ird s'),
        ("a_ccnew_ccnew", "a_ccnew"),
    ],
)
def test_a_copy_is_found_by_its_origin(name, of):
    """With numbers, cut at 63 bytes and never inside a letter, with whatever letters."""
    copy, base = COPY._replace(name=name), BASE._replace(name=of)
    assert of in leftover(copy, [base, copy]).why


@pytest.mark.parametrize(
    "change",
    [
        {"valid": True},
        {"is_primary": True},
        {"constraint_name": "k"},
        {"identity": True},
        {"exclusion": True},
        {"attached": True},
        {"kind": "I"},
        {"columns": "2"},
        {"is_unique": True},
        {"predicate": "x"},
        {"method": "hash"},
        {"name": "orders_v2_ccnew"},
        {"name": "orders_ccnew"},
        {"name": "orders_v_ccnewx"},
        {"name": "xccnew"},
    ],
)
def test_what_is_not_surely_a_copy_stays(change):
    """Valid, depended upon, of another definition, or with a name that no index of its table explains."""
    copy = COPY._replace(**change)
    assert leftover(copy, [BASE, copy]) is None


def test_without_its_origin_it_stays():
    """Alone on its table, it is somebody's failed index of an unlucky name."""
    assert leftover(COPY, [COPY]) is None


def test_an_unfinished_drop_is_finished():
    """An index that is dead already was to be dropped, whatever its name."""
    assert "DROP" in leftover(COPY._replace(name="any", live=False), [COPY]).why
    assert leftover(COPY._replace(name="any", live=False, valid=True), [COPY]) is None
