"""What a report is printed on: a width, a way to paint, and the few shapes of text that every report uses."""

import textwrap
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Paint = Callable[[str, str], str]

LEAST_WIDTH = 30  # narrower than that, words stick out instead of being cut
ASCII = str.maketrans({"→": "->", "·": "-", "─": "-", "█": "#", "░": ".", "│": "|", "├": "|", "└": "`"})


def plain(text: str, _role: str) -> str:
    """The paint of a report without colour."""
    return text


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a report is printed.

    `paint(text, role)` colours a text by its role: title, heading, name, old, new, restart, faint, warning, good.
    Without `unicode`, arrows and lines are drawn in ASCII.
    """

    width: int = 80
    paint: Paint = plain
    unicode: bool = True

    @property
    def room(self) -> int:
        """The width to fill."""
        return max(LEAST_WIDTH, self.width)

    def finish(self, lines: Iterable[str]) -> str:
        """The lines as one text, without blanks at their ends and with one newline at its end."""
        text = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
        return text if self.unicode else text.translate(ASCII)

    def wrapped(self, text: str, indent: int = 0, hang: int = 0, role: str | None = None) -> list[str]:
        """A paragraph that fits; lines after the first are indented by `hang` more."""
        lines = textwrap.wrap(
            visible(text),
            self.room,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [self.paint(line, role) for line in lines] if role else lines

    def bullets(self, items: Iterable[str], marks: Iterable[str]) -> list[str]:
        """Paragraphs with a mark before each."""
        lines = []
        for mark, item in zip(marks, items, strict=False):
            lines += self.wrapped(f"{mark} {item}", 2, len(mark) + 1)
        return lines


def visible(text: str) -> str:
    r"""One line of text in which nothing can act on a terminal or end a comment: blanks collapsed, controls spelt out.

    Control characters and the marks that turn the direction of writing (Unicode Cc and Cf) become `\x1b`, `\u202e`.
    """
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(map(_spelt, line))


def _spelt(letter: str) -> str:
    if unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}:
        return letter
    return letter.encode("unicode_escape").decode("ascii")
