"""What the forms share: which lines a service takes, a head of comments, and one comment for each line left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from pgtune.report import words
from pgtune.report.conf import comment
from pgtune.settings.tuning import Line, Tuning

UNITS = "The values are bare numbers in the unit that pg_settings gives each setting (8kB pages, kB, MB, s, ms)."


# A replica must have at least the primary's value of these, or it stops to follow (documentation, 26.4.3).
REPLICA_FIRST = {
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service or operator: `fixed` names what it does not let one set, with the reason.

    With `offered`, everything outside of it is left out too, for `otherwise`. `orders_replicas`: it restarts replicas
    and primary in the right order itself.
    """

    name: str
    fixed: Mapping[str, str]
    offered: frozenset[str] | None = None
    otherwise: str = ""
    orders_replicas: bool = False

    def refusal(self, name: str) -> str | None:
        """Why the service does not let one set this; None if it does."""
        if name in self.fixed:
            return self.fixed[name]
        return self.otherwise if self.offered is not None and name not in self.offered else None

    def taken(self, tuning: Tuning) -> list[Line]:
        """The lines that the service lets one set."""
        return [line for line in tuning.lines if self.refusal(line.name) is None]

    def left_out(self, tuning: Tuning) -> str:
        """One comment for each line that it does not, empty if there is none."""
        refused = [(line, self.refusal(line.name)) for line in tuning.lines]
        texts = [comment(f"Left out: {line.name} = {line.proposed}: {why}") for line, why in refused if why]
        return "\n".join(texts)

    def head(self, tuning: Tuning, *texts: str) -> str:
        """The comments on top: what this is for, and what to know before running it."""
        title = f"{self.name}, for {words.title(tuning)}"
        return "\n".join(comment(text) for text in (title, *texts, *self._replicas(tuning)))

    def _replicas(self, tuning: Tuning) -> list[str]:
        names = [line.name for line in self.taken(tuning) if line.name in REPLICA_FIRST]
        if not names or self.orders_replicas:
            return []
        return [f"Where there are read replicas, raise {', '.join(names)} on them first, or they stop to follow."]


def joined(*parts: str) -> str:
    """The parts that are not empty, a blank line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"


def nothing(service: Service) -> str:
    """What stands in a form without a line."""
    return comment(f"Nothing to set: {service.name} takes none of these settings, or they are right already.")


def command(words_: Sequence[str]) -> str:
    """A shell command over several lines. The words are quoted where a shell would act on them."""
    return " \\\n  ".join(words_)


def word(text: str) -> str:
    """One word for a POSIX shell."""
    return quote(text)


def scalar(text: str) -> str:
    """The text as a YAML string: always quoted, so that `on`, `1.10` and `0x10` stay what they are.

    A value without control characters stands in double quotes, in which only backslash and quote need an escape
    (YAML 1.2, 7.3.1); others are escaped as in JSON, which YAML reads.
    """
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return '"' + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped) + '"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def parameters(lines: Sequence[Line], indent: int) -> list[str]:
    """The lines as a YAML mapping, each below its reason."""
    blank, rows = " " * indent, []
    for line in lines:
        restart = " (restart)" if line.restart else ""
        rows.append(comment(f"{line.why}{restart}", f"{blank}# ", f"{blank}#   "))
        rows.append(f"{blank}{key(line.name)}: {scalar(line.proposed)}")
    return rows


def key(name: str) -> str:
    """A setting's name as a YAML key."""
    return name if name.replace("_", "").replace(".", "").isalnum() and name.isascii() else scalar(name)
