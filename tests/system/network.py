"""Another machine, as far as a box can tell: a network namespace with a link to it. Programs of the host run there, and threads
of this process may enter it. Neither end reaches anything else."""

import concurrent.futures
import ctypes
import subprocess
import sys

_libc = ctypes.CDLL(None, use_errno=True)


def enter(pid):
    """The calling thread goes over to the network of a process, for good. Not for the main thread."""
    with open(f"/proc/{pid}/ns/net") as namespace:
        if _libc.setns(namespace.fileno(), 0x40000000):  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")


def inside(pid, work):
    """What work() gives in the network of a process. A socket stays where it was made: the caller may use it anywhere."""
    with concurrent.futures.ThreadPoolExecutor(1, initializer=enter, initargs=(pid,)) as thread:
        return thread.submit(work).result()


class Network:
    """`here` and `here6`: the client's addresses; `there` and `there6`: the box's on this link. number: 1 to 250, one for each
    network of a box."""

    def __init__(self, case, box, number=1):
        self.here, self.there = f"10.77.{number}.2", f"10.77.{number}.1"
        self.here6, self.there6 = f"fd77:{number:x}::2", f"fd77:{number:x}::1"
        # The namespace lives as long as this program.
        holder = case.start(f"network{number}", ["unshare", "--net", sys.executable, "-uc", "print('up'); input()"], input=True)
        holder.wait_line("^up$")
        self._pid = holder.pid
        outside, inside = f"client{number}", f"net{number}"
        subprocess.run(["ip", "link", "add", outside, "netns", str(self._pid), "type", "veth",
                        "peer", "name", inside, "netns", str(box.leader)], check=True)
        self.configure(box.leader, inside, self.there, self.there6)
        self.configure(self._pid, outside, self.here, self.here6)

    @staticmethod
    def configure(pid, interface, address, address6):
        lines = [f"address add {address}/24 dev {interface}", f"address add {address6}/64 dev {interface} nodad",
                 f"link set {interface} up", "link set lo up"]
        subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def add_address(self, address):
        """One more for the client, so that it can be somebody else."""
        subprocess.run(self.command(["ip", "address", "add", f"{address}/24", "dev", self.interface]), check=True)

    @property
    def interface(self):
        return f"client{self.here.split('.')[2]}"

    def command(self, command):
        """`command` (a list) as the client runs it."""
        return ["nsenter", "-t", str(self._pid), "-n", "--", *map(str, command)]

    def enter(self):
        enter(self._pid)

    def inside(self, work):
        return inside(self._pid, work)


def connect(box, other):
    """A link between two boxes; gives the first one's address for the second."""
    subprocess.run(["ip", "link", "add", "link0", "netns", str(box.leader), "type", "veth",
                    "peer", "name", "link0", "netns", str(other.leader)], check=True)
    Network.configure(box.leader, "link0", "10.78.0.1", "fd78::1")
    Network.configure(other.leader, "link0", "10.78.0.2", "fd78::2")
    return "10.78.0.1"
