"""`pgtune tune`: facts of the machine and the server into the rules, and the answer out."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from pgtune import guide, host, resources, settings, versions
from pgtune.host.postmaster import Located
from pgtune.model.errors import BadInput
from pgtune.model.hardware import Figure, Hardware, Storage
from pgtune.model.server import Server
from pgtune.model.units import GB, MB
from pgtune.settings.situation import Situation, Wishes
from pgtune.settings.tuning import Tuning
from pgtune.usecases import machine, pages
from pgtune.usecases.guide_file import read_guide

LEAST_RAM = 64 * MB  # below, PostgreSQL itself hardly fits
INITDB_SHARED_BUFFERS = 128 * MB  # what initdb leaves: says nothing about the machine


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked. `version` is a major version to answer for without a server; sizes in bytes."""

    conninfo: str = ""
    version: int | None = None
    ram: int | None = None
    cpus: float | None = None
    storage: str | None = None
    wishes: Wishes = field(default_factory=Wishes)
    guide_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The tuning, and for a live server what it was made from."""

    tuning: Tuning
    server: Server | None = None
    located: Located | None = None


def tune(request: Request) -> Answer:
    """Compute the settings for a live server, or for a version and a machine described by options.

    Raises:
        BadInput: an option or the guide's file cannot be used, or the machine is unknown and not described.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    _check(request)
    figures = read_guide(request.guide_file)
    return _offline(request, figures) if request.version else _live(request, figures)


def _check(request: Request) -> None:
    if request.ram is not None and request.ram < LEAST_RAM:
        raise BadInput("--ram: at least 64MB")
    if request.cpus is not None and not 0 < request.cpus <= 4096:
        raise BadInput("--cpus: a number above 0, fractions allowed, as 0.5 or 16")
    if request.version is not None and request.version not in versions.TESTED:
        raise BadInput(f"--pg-version: one of {', '.join(map(str, versions.TESTED))}")


def _offline(request: Request, figures: guide.Guide) -> Answer:
    major = int(request.version or 0)
    hardware = host.probe() if request.ram is None or request.cpus is None else _described()
    parameters = versions.parameters(resources.text("versions", "settings.toml"), major)
    situation = Situation(
        version=major * 10000,
        hardware=_overridden(hardware, request),
        settings=parameters,
        guide=figures,
        wishes=request.wishes,
        count_pages=pages.counter(major * 10000, None, pages.USUAL_SEGMENT),
    )
    return Answer(settings.advise(situation, "a machine described by options"))


def _described() -> Hardware:
    """A machine of which nothing is known; options fill in memory and CPUs."""
    return Hardware(Figure(0, "options"), Figure(0.0, "options"), Storage(Figure("unknown", "not given")))


def _live(request: Request, figures: guide.Guide) -> Answer:
    found = machine.of(request.conninfo)
    server = found.server
    hardware = found.hardware or (_described() if request.ram and request.cpus else _estimated(server, found.why))
    situation = Situation(
        version=server.version,
        hardware=_overridden(hardware, request),
        settings=server.settings,
        guide=figures,
        wishes=request.wishes,
        activity=server.activity,
        standbys=server.standbys,
        in_recovery=server.in_recovery,
        libraries=server.libraries,
        available=server.available,
        jit_available=server.jit_available,
        primary_settings=server.primary_settings,
        count_pages=pages.counter(server.version, found.located, int(server.settings["wal_segment_size"].natural()))
        if found.hardware
        else None,
    )
    return Answer(settings.advise(situation, f"{server.host}:{server.port}", server), server, found.located)


def _estimated(server: Server, why: str) -> Hardware:
    """Memory reckoned back from shared_buffers, as its own tuner left it; refused where that says nothing.

    Raises:
        BadInput: shared_buffers is what initdb leaves.
    """
    buffers = int(server.settings["shared_buffers"].natural())
    if buffers <= INITDB_SHARED_BUFFERS:
        raise BadInput(
            f"the server is not on this machine ({why}): say --ram 64GB --cpus 16 --storage ssd for its machine"
        )
    memory = max(buffers * 4, GB // 2)
    note = "the server's machine is unknown: its memory is ESTIMATED as 4 x shared_buffers and 2 CPUs are assumed; "
    return Hardware(
        Figure(memory, "estimated: 4 x shared_buffers"), Figure(2.0, "assumed"),
        Storage(Figure("unknown", "not given")), notes=(note + "give --ram and --cpus",),
    )  # fmt: skip


def _overridden(hardware: Hardware, request: Request) -> Hardware:
    """The options' word counts over anything read."""
    if request.ram is not None:
        hardware = replace(hardware, memory=Figure(request.ram, "--ram"), neighbours=())
    if request.cpus is not None:
        hardware = replace(hardware, cpus=Figure(request.cpus, "--cpus"))
    if request.storage is not None:
        hardware = replace(hardware, storage=replace(hardware.storage, kind=Figure(request.storage, "--storage")))
    return hardware
