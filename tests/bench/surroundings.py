"""A place of its own for a run, where we may make one (root): a share of the processors and a network.

Processors. Where sched_autogroup is on, the kernel gives every Unix session a share, and sshd makes one per login (setsid):
four of its sessions would have four shares, four of ours one. In a control group every thread counts the same, and what else
runs on the machine gets little.

Network. A loopback that is not shared, with the congestion control that Debian has by default: one that paces (bbr) measures
its own timers on a loopback.
"""

import contextlib
import ctypes
import os
import pathlib
import subprocess

congestion_control = "cubic"
weight = 100  # times that of an ordinary group

_v1 = pathlib.Path("/sys/fs/cgroup/cpu")
_v2 = pathlib.Path("/sys/fs/cgroup")
_clone_newnet = 0x40000000


def _current_group(controller):
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return (_v1 if controller else _v2) / path.lstrip("/")
    return None


def _make_group(name):
    """(the group's directory, the one we are in), or None where there is no processor controller."""
    if (_v1 / "cpu.shares").exists():
        group, before = _v1 / name, _current_group("cpu")
        group.mkdir()
        (group / "cpu.shares").write_text(str(1024 * weight))
    elif "cpu" in (_v2 / "cgroup.subtree_control").read_text().split():
        group, before = _v2 / name, _current_group("")
        group.mkdir()
        (group / "cpu.weight").write_text(str(100 * weight))
    else:
        return None
    (group / "cgroup.procs").write_text(str(os.getpid()))
    return group, before


@contextlib.contextmanager
def own_processors():
    """This process and what it starts are in a group within; gives whether that could be done."""
    made = None
    with contextlib.suppress(OSError):
        made = _make_group(f"alknet-bench-{os.getpid()}")
    try:
        yield made is not None
    finally:
        if made:
            with contextlib.suppress(OSError):
                (made[1] / "cgroup.procs").write_text(str(os.getpid()))
                made[0].rmdir()


def own_network():
    """From now on; gives whether that could be done."""
    if os.getuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_clone_newnet) != 0:
        return False
    loopback = ["dev", "lo", "proto", "kernel", "scope", "host", "src", "127.0.0.1", "table", "local"]
    commands = [["ip", "link", "set", "lo", "up"]]
    commands += [["ip", "route", "replace", "local", where, *loopback, "congctl", congestion_control]
                 for where in ("127.0.0.0/8", "127.0.0.1")]
    return all([subprocess.run(command, capture_output=True).returncode == 0 for command in commands])
