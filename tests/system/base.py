"""The base image: a small Debian 12 that boots under systemd. Made once by mmdebstrap (about 40 s) and then only read: every
box is a layer over it. It stands in ${ALKNET_CACHE:-/var/cache/alknet-dev}, under a name made from all that goes into it, so
that a change here makes another one. It holds what our packages depend on, because a box has no way to a mirror.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

suite = "bookworm"
packages = (
    # The machine itself.
    "ca-certificates", "curl", "dbus", "iproute2", "less", "openssh-client", "openssl", "polkitd", "procps", "systemd",
    "systemd-sysv",
    # What an operator bans with; python3-systemd is how fail2ban reads the journal.
    "fail2ban", "nftables", "python3-systemd",
    # What our packages need at run time.
    "adduser", "libfmt9", "libgssapi-krb5-2", "libpq5", "libsecp256k1-1", "libsodium23", "libspdlog1.10", "libsqlite3-0", "libssh-4",
    "libssl3", "libsystemd0", "libutf8proc2",
)
# Nothing in a box answers to these, and each would cost time at boot or leave the machine "degraded".
masked = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "dev-hugepages.mount", "dpkg-db-backup.timer",
    "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "getty.target", "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path", "systemd-firstboot.service", "systemd-initctl.socket", "systemd-logind.service",
)
journald = "[Journal]\\nStorage=persistent\\nRateLimitIntervalSec=0\\nSyncIntervalSec=1s\\n"
hooks = (
    # A host name of its own would win over the one that the box is given.
    'rm -f "$1"/etc/hostname "$1"/etc/resolv.conf',
    ': >"$1"/etc/machine-id',
    f'for unit in {" ".join(masked)}; do ln -sf /dev/null "$1"/etc/systemd/system/$unit; done',
    'ln -sf /lib/systemd/system/multi-user.target "$1"/etc/systemd/system/default.target',
    f'mkdir -p "$1"/etc/systemd/journald.conf.d "$1"/var/log/journal && printf "{journald}" '
    '>"$1"/etc/systemd/journald.conf.d/box.conf',
    # Debian 12 ships a jail for sshd whose log file does not exist here: fail2ban would not start at all.
    'rm -f "$1"/etc/fail2ban/jail.d/defaults-debian.conf',
    # Stories start it themselves; it costs a quarter of the boot.
    'rm -f "$1"/etc/systemd/system/multi-user.target.wants/fail2ban.service',
    # The exclusions below are for the base: our own packages are installed completely.
    'rm -f "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap',
)
options = ("--variant=minbase", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
           "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=force-unsafe-io")
unused_days = 30


def cache():
    return pathlib.Path(os.environ.get("ALKNET_CACHE") or "/var/cache/alknet-dev")


def digest():
    text = "\0".join((suite, *packages, "", *hooks, "", *options))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def ready():
    """The path of the base, made now unless it is there. Several processes may ask at once."""
    place = cache()
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = place / f"base-{digest()}"
        if not base.exists():
            _make(base)
        (place / f"{base.name}.used").touch()
        _forget_old(place)
    return base


def _make(base):
    part = base.with_suffix(".part")
    if part.exists():
        shutil.rmtree(part)
    command = ["mmdebstrap", "--quiet", *options, "--include=" + ",".join(packages),
               *[f"--customize-hook={hook}" for hook in hooks], suite, str(part)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=600)
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise RuntimeError(f"mmdebstrap ended with {done.returncode}:\n{done.stdout[-4000:]}")
    part.rename(base)


def _forget_old(place):
    """Bases that nobody has asked for in a month: each is a quarter of a gigabyte."""
    for stamp in place.glob("base-*.used"):
        if time.time() - stamp.stat().st_mtime > unused_days * 86400:
            shutil.rmtree(stamp.with_suffix(""), ignore_errors=True)
            stamp.unlink()


if __name__ == "__main__":
    print(ready())
