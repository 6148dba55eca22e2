"""Bytes of a file to text: UTF-8, UTF-16 and Latin-1, with one blank line's worth of difference between systems."""

import codecs
from typing import NamedTuple

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Text(NamedTuple):
    """A file as text whose lines end in a newline; `doubt` says what had to be assumed, empty if nothing."""

    text: str
    doubt: str = ""


def decoded(content: bytes) -> Text | None:
    """The text of a file; None if it is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _marked(content[len(mark) :], encoding)
    if b"\0" in content:
        return None
    try:
        return Text(_lines(content.decode()))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Text(_lines(content.decode("latin-1")), f"not UTF-8 (line {line}): read as Latin-1")


def _marked(content: bytes, encoding: str) -> Text | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = content.decode(encoding, errors="replace")
        return None if "\0" in text else Text(_lines(text), f"not valid {encoding.upper()}: {error.reason}")
    return None if "\0" in text else Text(_lines(text))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
