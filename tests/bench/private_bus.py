"""Single daemons on a bus of their own, for what is measured without a server around it."""

import contextlib
import pathlib
import shutil
import tempfile

import programs
from rig import Process, binaries


class PrivateBus:
    """A dbus-daemon and the daemons started on it; `dir` is on the disk of the machine's temporary files."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-alknet-"))
            stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
            self._stack = stack
            socket = self.dir / "bus"
            self.address = f"unix:path={socket}"
            self._start("dbus-daemon", ["dbus-daemon", "--session", "--nofork", f"--address={self.address}"])
            programs.wait_until(socket.exists, 10, "dbus-daemon")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self, name, command):
        process = Process(name, command, self.dir)
        self._stack.callback(process.stop)
        return process

    def daemon(self, name, *arguments, state=None):
        """Starts alknet-NAME; returns once it says that it runs. `state`: its state directory."""
        command = [binaries / name, "--bus-address", self.address, *arguments]
        process = self._start(name, ["env", f"STATE_DIRECTORY={state}", *command] if state else command)
        programs.wait_until(lambda: "server running" in process.log_path.read_text() or not process.running(), 20, name)
        return process
