"""Statistics in the slots of pg_statistic."""

from dataclasses import asdict

from pgtune.snapshot.snapshot import ColumnStats
from pgtune.twin.slots import Type, numbered, slots

INT = Type(23, None, safe=True, equal=96, less=97)
TEXT = Type(25, None, safe=True, equal=98, less=664)
TAGS = Type(1009, 25, safe=True, equal=1070, less=1072)
COMPOSITE = Type(16400, None, safe=False, equal=2988, less=2990)


def test_values_histogram_and_correlation_of_a_number():
    """Kinds 1, 2 and 3 with = and <, the rest empty."""
    row = asdict(ColumnStats(False, 0.1, 4, 5.0, "{1,2}", "{0.5,0.3}", "{3,4,5}", 0.25))
    found = numbered(slots(row, INT, None, 0))
    assert [found[f"kind{n}"] for n in range(1, 6)] == [1, 2, 3, 0, 0]
    assert [found[f"operator{n}"] for n in range(1, 6)] == [96, 97, 97, 0, 0]
    assert (found["values1"], found["numbers1"], found["type1"]) == ("{1,2}", "{0.5,0.3}", 23)
    assert (found["values2"], found["numbers2"], found["numbers3"]) == ("{3,4,5}", None, "{0.25}")


def test_elements_of_an_array_have_their_own_operator_and_type():
    """Kinds 4 and 5 are of the element's type, in the default collation where the column has none."""
    stats = ColumnStats(False, 0.0, 20, -1.0, most_common_elems="{a}", most_common_elem_freqs="{0.5,0.5,0.5,0}",
                        elem_count_histogram="{1,2,1.5}")  # fmt: skip
    found = slots(asdict(stats), TAGS, TEXT, 0)
    assert [(slot.kind, slot.operator, slot.collation, slot.type) for slot in found] == [
        (4, 98, 100, 25),
        (5, 98, 100, None),
    ]


def test_values_whose_reading_runs_a_users_code_are_left_out():
    """Of a composite type only what needs no value stays."""
    row = asdict(ColumnStats(False, 0.0, 40, -1.0, "{(1)}", "{0.5}", '{"(2)","(3)"}', 0.5))
    assert [slot.kind for slot in slots(row, COMPOSITE, None, 0)] == [3]
