"""Reading ahead: how many requests one session keeps under way, and 18's asynchronous I/O."""

from math import ceil

from pgtune.settings.sheet import Advice, Sheet, rule

IO = "PostgreSQL documentation, 19.4.5 I/O"
NETWORK = {"san", "gp3"}
AIO_LOCAL, AIO_NETWORK = 16, 64  # 18's own default, chosen by measurement; network disks answer later


@rule(f"{IO}, effective_io_concurrency")
def effective_io_concurrency(sheet: Sheet) -> Advice:
    """Before 18 the guide's figure, 2 for a spinning disk: each prefetch is a hint to the kernel.

    From 18 on each is a request of its own that pins a buffer: 16, the default that was chosen by measurement, and 64
    for storage behind a network.
    """
    kind, guide = (
        sheet.situation.hardware.storage.kind.value,
        int(sheet.situation.guide.number("effective_io_concurrency")),
    )
    if sheet.situation.major >= 18:
        value = AIO_NETWORK if kind in NETWORK else AIO_LOCAL
        disk = "a network disk answers late" if kind in NETWORK else "a local disk needs no more"
        return Advice(value, f"from 18 on each is a request that pins a buffer: {disk}", (value, max(value, guide)))
    if kind == "hdd":
        return Advice(2, "one spinning disk serves one or two requests at a time")
    return Advice(guide, "prefetch hints for storage that serves many requests at once")


@rule(f"{IO}, io_method")
def io_method(sheet: Sheet) -> Advice | None:
    """Left at what the server has (18: worker). io_uring only on request, if the build offers it and a probe passed."""
    if not sheet.situation.wishes.io_uring:
        return None
    kernel = sheet.situation.hardware.kernel
    if kernel is None or not kernel.io_uring or not sheet.situation.settings["io_method"].takes("io_uring"):
        return None
    return Advice("io_uring", "asked for, offered by this build, and the kernel let a probe set up a ring")


@rule(f"{IO}, io_workers")
def io_workers(sheet: Sheet) -> Advice | None:
    """One I/O worker for four CPUs, at least 18's default of 3, at most 32."""
    if sheet["io_method"] != "worker":
        return None
    workers = min(32, max(3, ceil(sheet.situation.hardware.cpus.value / 4)))
    return Advice(workers, "one I/O worker for four CPUs", (workers, 32))
