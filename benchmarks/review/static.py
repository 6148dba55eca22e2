"""Our side of the comparison of linters: every migration of a folder judged by its text, no server.

    python -m benchmarks.review.static FOLDER

Each file is a change of its own, as for the others. Prints how many statements and findings there were.
"""

import atexit
import gc
import sys
from collections import Counter
from pathlib import Path

from pgtune import sources
from pgtune.review.migrations import findings
from pgtune.usecases.spread import spread


def main(folder: Path) -> None:
    """Read, judge, count."""
    gc.set_threshold(50_000)  # this and the next as the command line has them
    atexit.register(gc.freeze)
    files = {str(path.relative_to(folder.parent)): path.read_bytes() for path in sorted(folder.rglob("*.sql"))}
    project = sources.read(files, each=spread)
    found = list(findings(project.migrations, together=False, each=spread))
    graves = Counter(remark.severity for _, _, remark in found)
    for sql, rule, remark in found:
        print(f"{sql.path}:{sql.line}: {remark.severity}: {remark.message} [{rule.code}]")
    statements = sum(len(each.statements) for each in project.migrations)
    print(f"{len(files)} files, {len(project.migrations)} migrations, {statements} statements, "
          f"{len(found)} findings: {dict(graves)}, {len(project.skipped)} skipped", file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
