"""What a branch changes, read from git: the files as the change leaves them, their new lines, and the base's files."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgtune.model.errors import BadInput
from pgtune.model.finding import Skipped
from pgtune.sources.decoding import decoded
from pgtune.sources.kinds import is_source
from pgtune.sources.lines import Lines, everything
from pgtune.sources.lines import changed as changed_lines
from pgtune.usecases import files
from pgtune.usecases.git import Entry, Git, repository

_LINK = "120000"
# As git: a file is a renamed one if half of its lines are the same; more pairs than these are not looked at.
_ALIKE = 0.5
_MOST_PAIRS = 2_000
_FETCH = "this clone is shallow: fetch more of the history (fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab)"


@dataclass(frozen=True, slots=True)
class Change:
    """What stands between a base and the working tree.

    `root` is the top of the repository, from which all paths go; `base` the commit in which the branch began. `files`:
    every file with SQL as it is now, changed or not; `lines`: what changed in those that did, so a file that is not in
    it is as it was; `renamed` gives the old path of a new one. Reading the base is `base_file` and `base_files`.
    """

    root: Path
    base: str
    git: Git
    tree: Mapping[str, Entry] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    lines: Mapping[str, Lines]
    deleted: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()

    def touches(self, path: str, first: int, last: int) -> bool:
        """Whether the change adds or alters what stands on these lines of a file as it is now."""
        return path in self.lines and self.lines[path].touch(first, last)

    def base_file(self, path: str) -> bytes | None:
        """The content of a file at the base, None if it was not there (or was a link)."""
        entry = self.tree.get(path)
        if entry is None or entry.mode == _LINK:
            return None
        return self.git.contents([entry.oid])[entry.oid]

    def base_files(self, wanted: Callable[[str], bool] = is_source) -> dict[str, bytes]:
        """All wanted files of the base."""
        paths = {path: entry.oid for path, entry in self.tree.items() if wanted(path) and entry.mode != _LINK}
        contents = self.git.contents(paths.values())
        return {path: contents[oid] for path, oid in sorted(paths.items())}


def changed(root: Path, base: str) -> Change:
    """What the working tree has changed since its branch left `base` (`main`, a tag, a commit).

    Raises:
        BadInput: no repository, no such base, or a clone too shallow to know where the branch began.
    """
    git = repository(root)
    began = _began(git, base)
    tree = git.tree(began)
    now = files.read(git.top, (path for path in git.present() if is_source(path)))
    before = {path: entry for path, entry in tree.items() if is_source(path) and entry.mode != _LINK}
    fresh = [path for path in now.contents if path not in before]
    gone = [path for path in before if path not in now.contents and not _stands(now, path)]
    renamed = dict(_renamed(git, now.contents, fresh, {path: before[path].oid for path in gone}))
    lines = dict(_lines(git, now.contents, before, renamed))
    deleted = tuple(sorted(set(gone) - set(renamed.values())))
    return Change(git.top, began, git, tree, now.contents, lines, deleted, renamed, now.skipped)


def _stands(now: files.Files, path: str) -> bool:
    return any(each.path == path for each in now.skipped)


def _began(git: Git, base: str) -> str:
    """The commit in which the branch left its base."""
    shallow = git.text("rev-parse", "--is-shallow-repository") == "true"
    head, other = git.commit("HEAD"), git.commit(base) or git.commit(f"origin/{base}")
    if head is None:
        raise BadInput("the repository has no commit yet: --diff has nothing to compare with")
    if other is None:
        raise BadInput(f"git knows no {base!r}{f'; {_FETCH}' if shallow else ': is it fetched, and spelt so?'}")
    if not git.holds("merge-base", other, head):
        why = _FETCH if shallow else "they have no commit in common"
        raise BadInput(f"where the branch left {base!r} cannot be found: {why}")
    return git.text("merge-base", other, head).splitlines()[0]


def _lines(
    git: Git, now: Mapping[str, bytes], before: Mapping[str, Entry], renamed: Mapping[str, str]
) -> Iterator[tuple[str, Lines]]:
    """The new lines of all files that are not as they were."""
    old = {path: before[renamed.get(path, path)].oid for path in now if renamed.get(path, path) in before}
    differ = {path: oid for path, oid in old.items() if oid != _oid(now[path], len(oid))}
    contents = git.contents(differ.values())
    for path, content in now.items():
        text = decoded(content)
        if text is None:
            continue
        if path not in old:
            yield path, everything(text.text)
        elif path in differ:
            former = decoded(contents.get(old[path], b""))
            yield path, changed_lines(former.text if former else "", text.text)


def _oid(content: bytes, length: int) -> str:
    """What git calls this content: SHA-1, or SHA-256 in repositories that say so; their names differ in length."""
    made = hashlib.sha1(usedforsecurity=False) if length == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % len(content))
    made.update(content)
    return made.hexdigest()


def _renamed(
    git: Git, now: Mapping[str, bytes], fresh: Iterable[str], gone: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """New paths with the old ones whose files they are: the same content first, then the most alike."""
    left = dict(gone)
    unsure = []
    for path in fresh:
        same = next((old for old, oid in left.items() if oid == _oid(now[path], len(oid))), None)
        if same:
            del left[same]
            yield path, same
        else:
            unsure.append(path)
    if left and len(left) * len(unsure) <= _MOST_PAIRS:
        yield from _alike(git.contents(left.values()), {path: now[path] for path in unsure}, left).items()


def _alike(contents: Mapping[str, bytes], fresh: Mapping[str, bytes], gone: Mapping[str, str]) -> dict[str, str]:
    pairs = ((_share(contents.get(oid, b""), content), new, old) for new, content in fresh.items()
             for old, oid in gone.items() if new.rpartition(".")[2] == old.rpartition(".")[2])  # fmt: skip
    found: dict[str, str] = {}
    for share, new, old in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:])):
        if share >= _ALIKE and new not in found and old not in found.values():
            found[new] = old
    return found


def _share(old: bytes, new: bytes) -> float:
    """How much of the larger file's lines both have."""
    before, after = set(old.split(b"\n")), set(new.split(b"\n"))
    return len(before & after) / max(len(before), len(after))
