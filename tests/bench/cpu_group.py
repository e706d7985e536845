"""One processor group for everything that a run starts.

Where sched_autogroup is on, the kernel gives every Unix session a share of the processors, and sshd makes one per login
(setsid): four of its sessions would get four shares, four of ours one. In a control group of our own every thread counts the
same, and what else runs on the machine gets less of it.
"""

import contextlib
import os
import pathlib

_v1 = pathlib.Path("/sys/fs/cgroup/cpu")
_v2 = pathlib.Path("/sys/fs/cgroup")
weight = 10  # times that of an ordinary group


def _make(name):
    """The group's directory, or None where we may not."""
    if (_v1 / "cpu.shares").exists():
        group = _v1 / name
        group.mkdir()
        (group / "cpu.shares").write_text(str(1024 * weight))
        return group
    if "cpu" in (_v2 / "cgroup.subtree_control").read_text().split():
        group = _v2 / name
        group.mkdir()
        (group / "cpu.weight").write_text(str(100 * weight))
        return group
    return None


@contextlib.contextmanager
def joined():
    """Within it this process, and what it starts, is in such a group; gives whether that could be done."""
    group = before = None
    try:
        controller = "cpu" if (_v1 / "cpu.shares").exists() else ""
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                before = (_v1 if controller else _v2) / path.lstrip("/")
        group = _make(f"alknet-bench-{os.getpid()}")
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        group = None
    try:
        yield group is not None
    finally:
        if group and before:
            with contextlib.suppress(OSError):
                (before / "cgroup.procs").write_text(str(os.getpid()))
                group.rmdir()
