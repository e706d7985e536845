"""alknet serve: its state directory, its supervision, its end; and alknetctl against it."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess

import harness
import programs

# A daemon that says it is ready and ends on SIGTERM. What it does before comes from the environment.
stand_in = """#!/usr/bin/python3
import os, signal, socket, sys
name = os.path.basename(sys.argv[0])
if os.environ.get("FAILING") == name:
    print("cannot go on", file=sys.stderr)
    sys.exit(3)
def end(*_):
    os.write(2, b"stops\\n")  # print may be at work where the signal came
    if os.environ.get("DEAF") != name:
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
if os.environ.get("SILENT") != name:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.connect("\\0" + os.environ["NOTIFY_SOCKET"][1:])
    sock.send(b"READY=1")
print("pid", os.getpid(), file=sys.stderr, flush=True)
while True:
    signal.pause()
"""


def alive(pid):
    """Running, not only waiting to be buried."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class StateDirectory(harness.Case):
    files = {"alknet.toml", "authorized_keys", "client_ed25519", "client_ed25519.pub", "known_hosts",
             "ssh_host_ed25519_key", "tls/cert.pem", "tls/key.pem"}

    def contents(self, state):
        return {name: (state / name).read_bytes() for name in self.files}

    def test_first_start_makes_private_files_and_the_second_keeps_them(self):
        server = self.serve()
        state = server.state
        self.assertEqual(mode(state), 0o700)
        self.assertEqual(mode(state / "tls"), 0o700)
        for path in state.rglob("*"):
            if path.is_file():
                self.assertEqual(mode(path), 0o600, path)
        first = self.contents(state)
        port = server.tls[1]
        server.program.stop()
        self.assertFalse((state / "bus").exists())
        again = self.serve("--listen-tls", f"127.0.0.1:{port}", "--listen-ssh", f"127.0.0.1:{server.ssh[1]}")
        self.assertEqual(again.tls[1], port)
        self.assertEqual(self.contents(state), first)

    def test_nothing_outside_the_state_directory(self):
        empty = self.dir / "empty"
        empty.mkdir()
        before = set(os.listdir("/tmp"))
        server = self.serve(env={"HOME": empty, "TMPDIR": empty, "XDG_RUNTIME_DIR": empty, "XDG_CONFIG_HOME": empty})
        server.ctl("status")
        self.assertEqual(list(empty.iterdir()), [])
        self.assertEqual({name for name in set(os.listdir("/tmp")) - before if "alk" in name and
                          not name.startswith("alk-")}, set())

    def test_openssh_reads_our_keys(self):
        harness.require("ssh-keygen")
        server = self.serve()
        for name in ("ssh_host_ed25519_key", "client_ed25519"):
            line = self.run_program(["ssh-keygen", "-y", "-f", server.state / name]).stdout.decode()
            self.assertTrue(line.startswith("ssh-ed25519 "), line)
        found = self.run_program(["ssh-keygen", "-F", f"[127.0.0.1]:{server.ssh[1]}", "-f", server.known_hosts])
        self.assertIn(b"found", found.stdout)

    def test_the_certificate_verifies(self):
        harness.require("openssl")
        server = self.serve()
        for name in ("localhost", "127.0.0.1"):
            kind = "-verify_ip" if name[0].isdigit() else "-verify_hostname"
            shown = self.run_program(["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls[1]}", "-CAfile",
                                      server.state / "tls/cert.pem", kind, name, "-verify_return_error"], check=None)
            self.assertIn(b"Verify return code: 0 (ok)", shown.stdout)

    def test_a_second_server_is_refused(self):
        server = self.serve()
        refused = self.run_program([harness.binary("alknet"), "serve", "--state", server.state, "--listen-tls",
                                    "127.0.0.1:0", "--listen-ssh", "127.0.0.1:0"], check=1)
        self.assertIn(b"another `alknet serve`", refused.stderr)
        server.ctl("status")

    def test_a_taken_port_is_an_error_and_leaves_nothing_running(self):
        taken = harness.listening_socket()
        self.addCleanup(taken.close)
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = self.run_program([harness.binary("alknet"), "serve", "--state", self.dir / "state", "--listen-tls",
                                    place, "--listen-ssh", "none"], check=1)
        self.assertIn(f"error: listening on {place}".encode(), refused.stderr)
        self.assertEqual(refused.stdout, b"")

    def test_a_state_path_beyond_the_limit_of_socket_names(self):
        state = self.dir / ("d" * 150)
        server = self.serve(state=state)
        self.assertIn(b"active", server.ctl("status").stdout)
        self.assertTrue(stat.S_ISSOCK(os.lstat(state / "bus").st_mode))

    def test_a_state_path_with_odd_characters(self):
        server = self.serve(state=self.dir / "a b,c;d=e%20f\u00e4\"'")
        server.ctl("status")

    def as_user(self, uid):
        """(command prefix, state directory) of another user."""
        if os.getuid() != 0:
            self.skipTest("needs root to become somebody else")
        harness.require("setpriv")
        home = self.dir / "home"
        home.mkdir()
        os.chown(home, uid, uid)
        os.chmod(self.dir, 0o755)
        prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        if self.run_program([*prefix, "test", "-x", harness.binary("alknet")], check=None).returncode != 0:
            self.skipTest("the build directory is not open to other users")
        return prefix, home / "state"

    def test_as_an_ordinary_user(self):
        prefix, state = self.as_user(65534)
        program = self.start("serve", [*prefix, harness.binary("alknet"), "serve", "--state", state,
                                       "--listen-tls", "127.0.0.1:0", "--listen-ssh", "127.0.0.1:0"])
        program.wait_line("^ready ", stream="out", timeout=60)
        control = [harness.binary("alknetctl"), "--state", state, "status"]
        self.run_program([*prefix, *control])
        other = ["setpriv", "--reuid=1", "--regid=1", "--clear-groups"]
        self.assertIn(b"error: ", self.run_program([*other, *control], check=4).stderr)
        self.assertEqual(program.stop(), 0)

    def test_a_user_without_an_account_is_told(self):
        prefix, state = self.as_user(54321)
        refused = self.run_program([*prefix, harness.binary("alknet"), "serve", "--state", state], check=1)
        self.assertIn(b"error: user id 54321 has no account", refused.stderr)
        self.assertFalse(state.exists())


class Supervision(harness.Case):
    """With stand-ins for the daemons, so that nothing but `alknet serve` is under test."""

    def stand_ins(self, **env):
        directory = self.dir / "daemons"
        directory.mkdir()
        for name in ("alknet-authd", "alknet-listend"):
            (directory / name).write_text(stand_in)
            (directory / name).chmod(0o755)
        return {"ALKNET_LIBEXEC_DIR": directory, **env}

    def start_serve(self, **env):
        return self.start("serve", [harness.binary("alknet"), "serve", "--state", self.dir / "state", "--listen-tls",
                                    "127.0.0.1:0", "--listen-ssh", "127.0.0.1:0"], env=self.stand_ins(**env))

    def pid_of(self, program, name, after=0):
        return int(program.wait_line(rf"^{name}: pid (\d+)", stream="err", after=after)[1])

    def test_a_dead_daemon_comes_back_on_the_same_sockets(self):
        server = self.serve(env=self.stand_ins())
        program = server.program
        for name in ("alknet-authd", "alknet-listend"):
            first = self.pid_of(program, name)
            mark = program.mark()
            os.kill(first, signal.SIGKILL)
            program.wait_line(rf"^{name}: killed by signal 9", after=mark)
            self.assertNotEqual(self.pid_of(program, name, after=mark), first)
        socket.create_connection(server.tls, timeout=5).close()
        self.assertTrue(program.running())
        self.assertEqual(len([line for line in program.lines("out") if line.startswith("ready")]), 1)

    def test_dying_twice_ends_everything_with_the_reason(self):
        program = self.start_serve()
        program.wait_line("^ready ", stream="out")
        listend = self.pid_of(program, "alknet-listend")
        first = self.pid_of(program, "alknet-authd")
        mark = program.mark()
        os.kill(first, signal.SIGKILL)
        second = self.pid_of(program, "alknet-authd", after=mark)
        os.kill(second, signal.SIGKILL)
        self.assertEqual(program.wait(), 1)
        self.assertRegex(program.text("err"), r"(?m)^error: alknet-authd ended twice within 10 s: killed by signal 9")
        self.assertFalse(alive(listend))

    def test_a_daemon_that_cannot_start_is_not_tried_again(self):
        program = self.start_serve(FAILING="alknet-listend")
        self.assertEqual(program.wait(), 1)
        self.assertIn("error: alknet-listend did not start: exit status 3; its last line: cannot go on",
                      program.text("err"))
        self.assertEqual(program.lines("out"), [])

    def test_ready_only_when_everything_is(self):
        program = self.start_serve(SILENT="alknet-listend")
        self.pid_of(program, "alknet-listend")
        self.pid_of(program, "alknet-authd")
        self.assertEqual(program.lines("out"), [])
        self.assertEqual(program.stop(), 0)
        self.assertEqual(program.lines("out"), [])

    def test_orderly_stop_begins_with_listend(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                program = self.start("serve", [harness.binary("alknet"), "serve", "--state", self.dir / "state",
                                               "--listen-tls", "127.0.0.1:0", "--listen-ssh", "127.0.0.1:0"],
                                     env=self.stand_ins() if number == signal.SIGTERM
                                     else {"ALKNET_LIBEXEC_DIR": self.dir / "daemons"})
                program.wait_line("^ready ", stream="out")
                self.pid_of(program, "alknet-listend")
                self.pid_of(program, "alknet-authd")
                program.send_signal(number)
                self.assertEqual(program.wait(), 0)
                stops = [line for line in program.lines("err") if line.endswith(": stops")]
                self.assertEqual(stops, ["alknet-listend: stops", "alknet-authd: stops"])

    def test_a_second_signal_ends_at_once_and_takes_the_children_along(self):
        program = self.start_serve(DEAF="alknet-listend")
        program.wait_line("^ready ", stream="out")
        listend = self.pid_of(program, "alknet-listend")
        authd = self.pid_of(program, "alknet-authd")
        program.send_signal(signal.SIGTERM)
        program.wait_line("^alknet-listend: stops")
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(timeout=3), 1)
        harness.wait_until(lambda: not alive(listend) and not alive(authd), what="the children end")

    def test_children_die_with_a_killed_parent(self):
        program = self.start_serve()
        program.wait_line("^ready ", stream="out")
        listend = self.pid_of(program, "alknet-listend")
        authd = self.pid_of(program, "alknet-authd")
        os.kill(program.pid, signal.SIGKILL)
        harness.wait_until(lambda: not alive(listend) and not alive(authd), what="the children end")

    def test_the_bus_comes_back(self):
        server = self.serve()
        before = server.children()
        os.kill(before["dbus-daemon"], signal.SIGKILL)

        def works():
            done = server.ctl("status", "--json", check=None)
            return done.returncode == 0 and json.loads(done.stdout)["auth"]["available"]

        harness.wait_until(lambda: server.children().get("dbus-daemon", before["dbus-daemon"]) != before["dbus-daemon"],
                           what="a new bus")
        harness.wait_until(works, what="everything works again")
        self.assertTrue(server.program.running())


class Hints(harness.Case):
    def on_terminal(self):
        """stdout of `alknet serve` on a terminal, until every hint is there."""
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen(
            [harness.binary("alknet"), "serve", "--state", self.dir / "it's here", "--listen-tls", "127.0.0.1:0",
             "--listen-ssh", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL, preexec_fn=programs.die_with_parent)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        os.close(theirs)
        text = ""
        while text.count("\n") < 4:
            text += os.read(ours, 4096).decode()
        return text.replace("\r", "").splitlines()

    def test_the_printed_command_lines_work_as_they_are(self):
        harness.require("ssh")
        ready, connect_tls, connect_tcp, ssh = self.on_terminal()
        self.assertRegex(ready, "^ready tls=.* ssh=")
        for name, line in (("tls", connect_tls), ("tcp", connect_tcp)):
            program = self.start(name, ["sh", "-c", f"exec {line} --socks5 127.0.0.1:0"])
            program.wait_line("^ready socks5=", stream="out")
        port = str(harness.free_port())
        self.assertIn("127.0.0.1:1080", ssh)
        program = self.start("ssh", ["sh", "-c", "exec " + ssh.replace("1080", port) + " -v -o BatchMode=yes"])
        program.wait_line("Entering interactive session|pledge: network")


class CommandLine(harness.Case):
    def serve_fails(self, code, *arguments):
        done = self.run_program([harness.binary("alknet"), "serve", "--state", self.dir / "state", *arguments],
                                check=code)
        self.assertRegex(done.stderr.decode(), r"(?m)^error: ")
        return done.stderr.decode()

    def test_wrong_usage(self):
        for arguments in (["--listen-tls", "8443"], ["--transport", "udp"], ["--stealth", "--transport", "tcp"],
                          ["--listen-tls", "none", "--listen-ssh", "none"], ["--tls-cert", "x"], ["--bogus"],
                          ["--config", "x", "--key", "y"], ["--max-auth-attempts", "-1"]):
            self.serve_fails(2, *arguments)
        self.assertFalse((self.dir / "state").exists())

    def test_flags_of_later_versions(self):
        for arguments in (["--acme-domain", "x"], ["--proxy", "x"], ["--iroh-relay", "x"], ["--cert-authority", "x"],
                          ["--transport", "iroh"]):
            self.assertIn("not available in this version", self.serve_fails(2, *arguments))

    def test_a_bad_configuration_names_every_line(self):
        state = self.dir / "state"
        state.mkdir(mode=0o700)
        (state / "alknet.toml").write_text("[limits]\nbogus = 1\nmax_connections = -1\n")
        text = self.serve_fails(1)
        self.assertIn(f"error: {state}/alknet.toml:2: limits.bogus", text)
        self.assertIn(f"error: {state}/alknet.toml:3: limits.max_connections", text)

    def test_one_listener_from_flags(self):
        program = self.start("serve", [harness.binary("alknet"), "serve", "--state", self.dir / "state", "--transport",
                                       "tls", "--stealth", "--listen", "127.0.0.1:0", "--max-auth-attempts", "3"])
        ready = program.wait_line(r"^ready (.*)$", stream="out")[1]
        self.assertRegex(ready, r"^tls=127\.0\.0\.1:\d+$")
        self.assertIn("max_auth_attempts = 3", (self.dir / "state/command-line.toml").read_text())
        self.assertFalse((self.dir / "state/alknet.toml").exists())

    def test_a_configuration_of_ones_own(self):
        harness.make_key(self.dir / "host")
        public = harness.make_key(self.dir / "client")
        (self.dir / "my.toml").write_text(f"""
[[listeners]]
name = "front"
transport = "tcp"
listen = "[::1]:0"

[[listeners]]
name = "idle"
transport = "tcp"

[auth]
host_key = "host"
[auth.ssh]
authorized_keys = ["{public}"]
""")
        program = self.start("serve", [harness.binary("alknet"), "serve", "--state", self.dir / "state", "--config",
                                       self.dir / "my.toml"])
        program.wait_line(r"^ready front=\[::1\]:\d+$", stream="out")
        shown = self.run_program([harness.binary("alknetctl"), "--state", self.dir / "state", "status", "--json"])
        listeners = {entry["name"]: entry["active"] for entry in json.loads(shown.stdout)["listeners"]}
        self.assertEqual(listeners, {"front": True, "idle": False})
        self.assertFalse((self.dir / "state/client_ed25519").exists())


class Storage(harness.Case):
    """`alknet serve` keeps accounts and graphs too, below its state directory, and over restarts."""

    def test_what_was_written_is_there_after_a_restart(self):
        server = self.serve()
        server.ctl("account", "add", "ada@example.org", "--scope", "a:b")
        server.ctl("acl", "grant", "ada@example.org", "--scope", "c:d")
        self.assertTrue((server.state / "store/system.db").exists())
        numbers = server.ctl("metrics").stdout.decode()
        for line in ("alknet_stored_up 1", 'alknet_stored_rows{table="accounts"} 1'):
            self.assertIn(f"\n{line}\n", numbers)
        self.assertRegex(numbers, r"\nalknet_stored_audit_sequence [1-9]")
        self.assertIn("\nalknet_secretd_up ", numbers)
        for path in (server.state / "store").iterdir():
            self.assertEqual(mode(path), 0o600, path)
        server.program.stop()
        again = self.serve()
        self.assertEqual(json.loads(again.ctl("acl", "check", "ada@example.org", "--scope", "c:d", "--json").stdout), {"granted": True})
        self.assertIn(b"intact", again.ctl("audit", "verify").stdout)


class Control(harness.Case):
    def test_status(self):
        server = self.serve()
        text = server.ctl("status").stdout.decode()
        self.assertRegex(text, rf"(?m)^tls +tls +127\.0\.0\.1:{server.tls[1]} +active$")
        self.assertNotIn("\x1b", text)
        document = json.loads(server.ctl("status", "--json").stdout)
        self.assertEqual(document["auth"]["keys"], 1)
        self.assertEqual(document["auth"]["config_digest"], document["config_digest"])
        self.assertEqual(document["host_key_fingerprint"], self.host_key_fingerprint(server))

    def host_key_fingerprint(self, server):
        public = self.dir / "host.pub"
        public.write_bytes(self.run_program(["ssh-keygen", "-y", "-f", server.state / "ssh_host_ed25519_key"]).stdout)
        return harness.fingerprint(public)

    def test_sessions_and_disconnect(self):
        harness.require("ssh")
        server = self.serve()
        self.assertEqual(json.loads(server.ctl("sessions", "--json").stdout), [])
        client = server.ssh_forward("-D", f"127.0.0.1:{harness.free_port()}")
        session, = json.loads(server.ctl("sessions", "--json").stdout)
        self.assertEqual(session["identity"], harness.fingerprint(server.state / "client_ed25519.pub"))
        self.assertEqual((session["user"], session["listener"]), ("alknet", "ssh"))
        self.assertIn(b"127.0.0.1:", server.ctl("sessions").stdout)
        server.ctl("disconnect", str(session["id"]))
        self.assertNotEqual(client.wait(), 0)
        self.assertIn(b"error: ", server.ctl("disconnect", str(session["id"]), check=1).stderr)

    def test_reload_says_what_changed_what_waits_and_what_is_wrong(self):
        server = self.serve()
        config = server.state / "alknet.toml"
        good = config.read_text()
        generation = json.loads(server.ctl("status", "--json").stdout)["generation"]
        config.write_text(good.replace('default = "allow"', 'default = "deny"').replace(":8022", ":8023")
                          + "\n[limits]\nmax_auth_attempts = 4\n")
        reloaded = json.loads(server.ctl("reload", "--json").stdout)
        self.assertGreater(reloaded["generation"], generation)
        self.assertEqual(set(reloaded["changed"]), {"forwarding.default", "limits.max_auth_attempts"})
        self.assertTrue(any("listen" in key for key in reloaded["restart"]), reloaded)
        config.write_text(good + "\n[limits]\nmax_auth_attempts = \"x\"\nbogus = 1\n")
        line = good.count("\n") + 3
        failed = server.ctl("reload", check=1)
        self.assertIn(f"{config}:{line}: limits.max_auth_attempts".encode(), failed.stderr)
        self.assertIn(f"{config}:{line + 1}: limits.bogus".encode(), failed.stderr)
        self.assertEqual(failed.stdout, b"")
        checked = server.ctl("check", check=1)
        self.assertIn(f"{config}:{line}: limits.max_auth_attempts".encode(), checked.stderr)
        verdict = json.loads(server.ctl("explain", "", "example.org:80", "--json").stdout)
        self.assertEqual((verdict["allowed"], verdict["decided_by"]), (False, "default"))

    def test_hangup_reloads(self):
        server = self.serve()
        config = server.state / "alknet.toml"
        config.write_text(config.read_text() + "\n[limits]\nmax_auth_attempts = 4\n")
        server.program.send_signal(signal.SIGHUP)
        server.program.wait_line(r"^changed: limits\.max_auth_attempts$", stream="err")
        config.write_text(config.read_text() + "bogus = 1\n")
        server.program.send_signal(signal.SIGHUP)
        server.program.wait_line(r"^reload failed: .*alknet\.toml:\d+: limits\.bogus", stream="err")
        self.assertTrue(server.program.running())

    def test_explain(self):
        server = self.serve()
        self.assertEqual(server.ctl("explain", "", "169.254.169.254:80").stdout,
                         b"denied by forwarding.rules[0]: 169.254.0.0/16\n")
        self.assertEqual(server.ctl("explain", "", "example.org:443", "--transport", "tls").stdout,
                         b"allowed by default\n")
        server.ctl("explain", "", "no-port", check=1)
        server.ctl("explain", "SHA256:nobody", "example.org:443", check=1)
        server.ctl("explain", "", "example.org:443", "--transport", "smoke", check=2)

    def test_exit_codes(self):
        ctl = harness.binary("alknetctl")
        for arguments in ([], ["bogus"], ["status", "status"], ["disconnect"], ["disconnect", "x"], ["explain", "a"],
                          ["--state", "a", "--bus-address", "b", "status"]):
            self.run_program([ctl, *arguments], check=2)
        self.run_program([ctl, "--help"], check=0)
        for place in (["--state", self.dir / "absent"], ["--state", self.dir],
                      ["--bus-address", f"unix:path={self.dir}/absent"]):
            done = self.run_program([ctl, *place, "status"], check=3)
            self.assertIn(b"error: not running: ", done.stderr)
        server = self.serve()
        server.program.stop()
        server.ctl("status", check=3)

    def test_without_authd(self):
        server = self.serve()
        os.kill(server.children("alknet-authd"), signal.SIGSTOP)
        failed = server.ctl("reload", check=1)
        self.assertIn(b"error: ", failed.stderr)
        os.kill(server.children("alknet-authd"), signal.SIGCONT)


if __name__ == "__main__":
    harness.main()
