"""What every arm is told: the machine, the load, the size of the data. One description, four answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Memory and data in bytes, CPUs with fractions, storage and profile in pgtune's words."""

    memory: int
    cpus: float
    storage: str
    profile: str
    connections: int
    data: int
    major: int
