"""The planning twin: an empty server that believes to be production, and plans what-ifs for it."""

from pgtune.twin.raising import raised
from pgtune.twin.rebuild import LeftOut
from pgtune.twin.second import two_at_once
from pgtune.twin.twin import Twin

__all__ = ["LeftOut", "Twin", "raised", "two_at_once"]
