"""Index advice measured.

One command each:

    python -m benchmarks.advise tpch                     cost ratio by budget, indexes really built, queries timed
    python -m benchmarks.advise tpcds --runs 0           the same, built and planned but not timed
    python -m benchmarks.advise tpch --scale 0.1 --predict     only what the twin says
    python -m benchmarks.advise leave-one-out            an index taken away from a known schema must be advised again
    python -m benchmarks.advise growth                   time and EXPLAINs by number of distinct queries

Needs duckdb, duckdb-extension-tpch and duckdb-extension-tpcds from PyPI. Data is kept in --folder.
"""

import argparse
from pathlib import Path

from benchmarks.advise import budgets, growth, leave_one_out
from benchmarks.advise.data import SUITES
from benchmarks.advise.server import holding

SCALES = {"tpch": 1.0, "tpcds": 0.5}
BUDGETS = {"tpch": "125,250,500,1000,2000,0", "tpcds": "100,250,500,0"}


def main() -> None:
    """Run one of the benchmarks and print its table."""
    options = _options().parse_args()
    if options.what == "growth":
        print(growth.run([int(each) for each in (options.budgets or "100,1000,10000").split(",")]))
    elif options.what == "leave-one-out":
        print(leave_one_out.run())
    else:
        print(_suite(options))


def _suite(options: argparse.Namespace) -> str:
    suite = SUITES[options.what]
    scale = options.scale or SCALES[options.what]
    sizes = [int(each) for each in (options.budgets or BUDGETS[options.what]).split(",")]
    with holding(suite, scale, options.folder) as conninfo:
        return budgets.run(suite.name, conninfo, suite.queries(), sizes, None if options.predict else options.runs)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.advise", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("what", choices=[*SUITES, "leave-one-out", "growth"])
    parser.add_argument("--scale", type=float, help="scale factor (tpch 1, tpcds 0.5)")
    parser.add_argument("--budgets", help="MB, comma-separated; 0 is no limit (growth: numbers of queries)")
    parser.add_argument("--runs", type=int, default=3, help="warm runs of each query; 0: only EXPLAIN")
    parser.add_argument("--predict", action="store_true", help="build nothing")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/pgtune-benchmarks"), help="where data is kept")
    return parser


if __name__ == "__main__":
    main()
