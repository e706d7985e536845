"""A box: a throwaway machine with a real systemd as PID 1, a bus, a journal, a network of its own and nothing of the host's.

It is a layer in memory over the base image, booted by systemd-nspawn in about 0.3 s, without a terminal, machined or systemd on
the host. Everything that the kernel keeps for it (mounts, network) lives in namespaces of this process and goes with it; a
runner that dies takes its boxes along. Times: a command 20-45 ms, a look 5 ms, a halt 0.3 s.
"""

import ctypes
import itertools
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess

import base
from programs import wait_until

shared_inside = "/run/box"  # `Box.shared` on the host
_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)
_environment = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    # cgroup v2 inside, whatever the host has.
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}
_nspawn = (
    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no", "--notify-ready=yes", "--console=pipe",
    "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--suppress-sync=yes", "--private-network",
    # nspawn's own limits would change what is tested: without CAP_BPF and bpf(2) the inner systemd leaves IPAddressDeny= out,
    # silently, and the other calls are refused that a real machine allows.
    "--capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON",
    "--system-call-filter=bpf landlock_add_rule landlock_create_ruleset landlock_restrict_self memfd_secret openat2 "
    "perf_event_open @keyring @memlock",
)


def impossible():
    """Why no box can run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("systemd-nspawn", "mmdebstrap", "nsenter", "ip"):
        if subprocess.run(["sh", "-c", f"command -v {program}"], stdout=subprocess.DEVNULL).returncode:
            return f"{program} is not installed"
    probe = "mkdir /tmp/layer && mount -t tmpfs none /tmp/layer && cd /tmp/layer && mkdir low up work top && " \
            "mount -t overlay none -o lowerdir=low,upperdir=up,workdir=work top && mount -t proc proc top"
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", f"mount -t tmpfs none /tmp && {probe}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        return f"no namespaces and overlays here: {done.stderr.strip()}"
    for place in _hierarchies():
        try:
            (place / f"alknet-probe-{os.getpid()}").mkdir()
            (place / f"alknet-probe-{os.getpid()}").rmdir()
        except OSError as error:
            return f"no control groups here: {error}"
    return None


def _hierarchies():
    """Where control groups of one's own are made."""
    top = pathlib.Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top]
    return [top / name for name in ("systemd", "unified") if (top / name).is_dir()]


def own_mounts():
    """Mounts made from now on are this process's and its children's, and go with them. Once is enough."""
    if own_mounts.done:
        return
    if _libc.unshare(0x00020000):  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    own_mounts.done = True


own_mounts.done = False


class Box:
    """directory: of its own, on the host. After boot(): leader, the pid of its init as the host sees it."""

    def __init__(self, directory, name):
        self.name, self.directory = name, pathlib.Path(directory)
        self.root, self.shared, self._layer = (self.directory / part for part in ("root", "shared", "layer"))
        # A control group of its own: two boxes in one would share their inner tree. By one name, because nspawn makes what it
        # finds in one hierarchy in the other.
        group = f"alknet-box-{os.getpid()}-{next(_numbers)}"
        self._groups = [place / group for place in _hierarchies()]
        self._scripts = itertools.count(1)
        self._process = self.leader = None

    def boot(self, timeout=60):
        own_mounts()
        image = base.ready()
        for path in (self.root, self.shared, self._layer):
            path.mkdir(parents=True)
        self._mount("tmpfs", self._layer, "mode=755")
        for part in ("changes", "work"):
            (self._layer / part).mkdir()
        self._mount("overlay", self.root, f"lowerdir={image},upperdir={self._layer}/changes,workdir={self._layer}/work")
        _sweep_groups()
        for group in self._groups:
            group.mkdir()
        self._boot(timeout)
        return self

    def reboot(self, timeout=60):
        """Halts and boots again, with what was written in /etc, /var and so on. Links to other networks are gone."""
        self.halt()
        self._boot(timeout)

    def _boot(self, timeout):
        (self.directory / "notify").unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(self.directory / "notify"))
            self._start()
            self._wait_ready(notify, timeout)

    def _mount(self, kind, place, options):
        subprocess.run(["mount", "-t", kind, "-o", options, f"box-{self.name}", place], check=True)

    def _start(self):
        def prepare():
            os.setsid()
            for group in self._groups:
                (group / "cgroup.procs").write_text("0")
            _libc.prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG: an orderly halt when the runner is gone

        command = [*_nspawn, f"--directory={self.root}", f"--machine={self.name}", f"--hostname={self.name}",
                   f"--bind={self.shared}:{shared_inside}"]
        with open(self.directory / "console", "wb") as console:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                             env={**_environment, "NOTIFY_SOCKET": str(self.directory / "notify")},
                                             preexec_fn=prepare)

    def _wait_ready(self, notify, timeout):
        """nspawn tells the pid of the inner init, and then that its default target is reached."""
        notify.setblocking(False)
        told = {}

        def ready():
            try:
                while True:
                    told.update(line.split("=", 1) for line in notify.recv(65536).decode().splitlines() if "=" in line)
            except BlockingIOError:
                pass
            return told.get("READY") == "1" or self._process.poll() is not None

        try:
            wait_until(ready, timeout, f"{self.name} has booted")
        except AssertionError:
            self.leader = int(told.get("X_NSPAWN_LEADER_PID", 0)) or None
            self.kill()
            raise AssertionError(f"{self.name} does not boot:\n{self.console()}") from None
        if self._process.returncode is not None:
            raise AssertionError(f"{self.name} ended while it booted ({self._process.returncode}):\n{self.console()}")
        self.leader = int(told["X_NSPAWN_LEADER_PID"])

    def console(self):
        return (self.directory / "console").read_text(errors="replace")[-4000:]

    # Commands

    def entered(self, command, network=True):
        """`command` (a list) inside by nsenter alone: quick, but with the host's capabilities and outside of its control groups.
        For looking. network=False: in the caller's network instead of the box's."""
        return ["nsenter", "-t", str(self.leader), *("-m", "-u", "-i", "-p", "-C", "-r", "-w"), *(["-n"] if network else []), "--",
                *map(str, command)]

    def command(self, command, user=None, properties=()):
        """`command` (a list) as a service of the inner systemd: what an operator's shell may do, no more."""
        run = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--service-type=exec",
               "--setenv=DEBIAN_FRONTEND=noninteractive", *[f"--property={text}" for text in properties]]
        if user:
            run.append(f"--uid={user}")
        # PID 1 expands $NAME in what it is given; $$ is a dollar.
        return self.entered([*run, "--", *[str(part).replace("$", "$$") for part in command]])

    def run(self, command, check=0, timeout=60, input="", **how):
        """Runs it to its end: CompletedProcess with text, stderr in stdout's order of lines. `check`: expected exit code, None for
        any. A string is a script for bash -e."""
        if isinstance(command, str):
            command = ["/bin/bash", "-e", self.script(command)]
        done = subprocess.run(self.command(command, **how), input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="backslashreplace", timeout=timeout)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{self.name}: {shlex.join(map(str, command))} ended with {done.returncode}, "
                                 f"expected {check}\n{done.stdout[-6000:]}")
        return done

    def script(self, text):
        """Its path inside. By file, because an inner systemd would interpret `;` and `%` in arguments."""
        path = self.shared / f"script{next(self._scripts)}"
        path.write_text(text + "\n")
        return f"{shared_inside}/{path.name}"

    def look(self, command, check=0, timeout=30):
        """stdout of a command that only reads."""
        done = subprocess.run(self.entered(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{self.name}: {command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def read(self, path):
        return self.look(["cat", path])

    def write(self, path, text, mode=0o644):
        """By way of the box's own mounts: its /run and /tmp are not part of its root."""
        place = ["/bin/sh", "-ec", 'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"', "sh", str(path), f"{mode:o}"]
        data = text if isinstance(text, bytes) else text.encode()
        subprocess.run(self.entered(place), input=data, check=True, timeout=30)

    def exists(self, path):
        return subprocess.run(self.entered(["test", "-e", path]), stdin=subprocess.DEVNULL).returncode == 0

    def show(self, unit, *properties):
        """{property: value} by `systemctl show`."""
        out = self.look(["systemctl", "show", unit, "--property=" + ",".join(properties)])
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def state(self, unit):
        return self.show(unit, "ActiveState")["ActiveState"]

    def wait_state(self, unit, wanted="active", timeout=20):
        wait_until(lambda: self.state(unit) == wanted, timeout, f"{unit} is {wanted}")

    def journal(self, *match):
        """Its entries as dictionaries; complete up to now."""
        self.look(["journalctl", "--sync"])
        out = self.look(["journalctl", "--boot", "--output=json", "--no-pager", *match])
        return [json.loads(line) for line in out.splitlines()]

    def messages(self, *match):
        return [entry["MESSAGE"] for entry in self.journal(*match) if isinstance(entry.get("MESSAGE"), str)]

    # The end

    def running(self):
        return self._process is not None and self._process.poll() is None

    def halt(self, timeout=30):
        """In order, as `poweroff` would. Its files can still be read."""
        if not self.running():
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not halt within {timeout} s:\n{self.console()}") from None

    def kill(self):
        """The inner init first: without it nspawn ends too, without nspawn it would go on."""
        if self.leader and self.running():
            os.kill(self.leader, signal.SIGKILL)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        if self.running():
            self._process.kill()
        if self._process is not None:
            self._process.wait()

    def save_journal(self, path):
        """As text, once halted: down to the last line of the shutdown."""
        with open(path, "wb") as file:
            subprocess.run(["journalctl", f"--directory={self.root}/var/log/journal", "--output=short-precise", "--no-pager"],
                           stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=60)
            file.write(f"\n---- console\n{self.console()}".encode())

    def remove(self):
        for place in (self.root, self._layer):
            if os.path.ismount(place):
                subprocess.run(["umount", "--lazy", place], check=True)
        for group in self._groups:
            wait_until(lambda group=group: _remove_tree(group), 10, f"{group} is empty")


def _sweep_groups():
    """Those of runners that were killed: the only thing that could stay behind."""
    for place in _hierarchies():
        for group in place.glob("alknet-box-*"):
            if not os.path.exists(f"/proc/{group.name.split('-')[2]}"):
                _remove_tree(group)


def _remove_tree(group):
    """rmdir from the leaves on; processes of a box that has just ended may take a moment to go."""
    for place, _, _ in sorted(os.walk(group), reverse=True):
        try:
            os.rmdir(place)
        except OSError:
            return False
    return True
