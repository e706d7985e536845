"""alknet-stored as it runs, looked after with alknetctl: accounts and their credentials, refused files, and what a kill leaves."""

import hashlib
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import sys
import threading

import harness

# Makes accounts one after the other and prints the address of each that was acknowledged. Several at once share commits.
load = """
import sys, dbus.bus
bus = dbus.bus.BusConnection(sys.argv[1])
store = dbus.Interface(bus.get_object("org.alknet.Store1", "/org/alknet/Store1", introspect=False), "org.alknet.Store1")
for number in range(1000000):
    email = f"{sys.argv[2]}-{number}@example.org"
    store.CreateAccount(dbus.Dictionary({"email": email}, signature="sv"))
    print(email, flush=True)
"""


class Stored(harness.Case):
    def setUp(self):
        super().setUp()
        self.address = self.start_bus()
        self.state = self.dir / "state"
        self.state.mkdir()
        self.starts = 0
        self.config = self.dir / "alknet.toml"  # none

    def start_stored(self, ready=True):
        self.starts += 1
        stored = self.start(f"stored{self.starts}", [harness.binary("alknet-stored"), "--bus-address", self.address,
                                                     "--config", self.config], env={"STATE_DIRECTORY": str(self.state)})
        if ready:
            stored.wait_line("server running")
        return stored

    def ctl(self, *arguments, check=0):
        done = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, *arguments], check=check)
        return done.stdout.decode() if check == 0 else done.stderr.decode()

    def asked(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json"))

    def kept(self):
        """Every byte that is kept."""
        return b"".join(path.read_bytes() for path in self.state.iterdir())

    def tables(self):
        """The database of a daemon that does not run."""
        database = sqlite3.connect(f"file:{self.state}/system.db?mode=rw", uri=True)
        self.addCleanup(database.close)
        return database


class Administration(Stored):
    def setUp(self):
        super().setUp()
        self.start_stored()

    def test_an_account_from_its_making_to_its_end(self):
        made = self.asked("account", "add", "Ada@example.org", "--name", "Ada L.", "--scope", "a:b", "--scope", "c:d")
        self.assertEqual((made["email"], made["status"], made["scopes"]), ("ada@example.org", "active", ["a:b", "c:d"]))
        self.assertIn("ada@example.org", self.ctl("account", "list"))
        self.assertEqual(self.asked("account", "suspend", "ada@example.org")["status"], "suspended")
        changed = self.asked("account", "set", made["id"], "--level", "admin", "--no-scopes")
        self.assertEqual((changed["access_level"], changed["scopes"], changed["display_name"]), ("admin", [], "Ada L."))
        self.assertIn("audit log", self.ctl("account", "delete", "ada@example.org", check=1))
        self.assertEqual(self.asked("account", "deactivate", "ada@example.org")["status"], "deactivated")
        self.assertIn("email address exists", self.ctl("account", "add", "ADA@example.org", check=1))
        self.assertIn("no such account", self.ctl("account", "show", "bob@example.org", check=1))
        self.ctl("account", "add", "a@b", "--level", "root", check=2)

    def test_keys_of_an_account(self):
        harness.require("ssh-keygen")
        self.ctl("account", "add", "ada@example.org")
        line = harness.make_key(self.dir / "k", comment="ada laptop")
        of_ada = ("--account", "ada@example.org")
        self.assertIn("ada laptop", self.ctl("keys", "add", self.dir / "k.pub", *of_ada))
        key, = self.asked("keys", "list", *of_ada)["keys"]
        self.assertEqual(key["fingerprint"], harness.fingerprint(self.dir / "k.pub"))
        self.assertEqual(key["line"], " ".join(line.split()[:2]))
        self.assertIn("belongs to an account", self.ctl("keys", "add", line, *of_ada, check=1))
        self.assertIn("private key", self.ctl("keys", "add", self.dir / "k", *of_ada, check=1))
        self.ctl("keys", "remove", "ada laptop", *of_ada)
        self.assertIn("no such key", self.ctl("keys", "remove", "ada laptop", *of_ada, check=1))
        self.assertIn("revoked", self.ctl("keys", "list", *of_ada))
        self.ctl("keys", "add", line, *of_ada)

    def test_an_api_key_is_shown_once_and_kept_nowhere(self):
        self.ctl("account", "add", "ada@example.org")
        made = self.asked("apikey", "create", "ada@example.org", "--name", "deploy", "--expires", "30d")
        self.assertRegex(made["key"], r"^alk_[A-Za-z0-9_-]{43}$")
        self.assertEqual(made["prefix"], made["key"][:8])
        text = self.ctl("apikey", "create", "ada@example.org").strip()
        self.assertRegex(text, r"^alk_[A-Za-z0-9_-]{43}$")
        self.assertEqual(len(self.asked("apikey", "list", "ada@example.org")["keys"]), 2)
        self.ctl("apikey", "revoke", made["prefix"])
        self.assertIn("revoked", self.ctl("apikey", "revoke", made["id"], check=1))
        self.ctl("apikey", "create", "ada@example.org", "--expires", "soon", check=1)
        files = self.kept()
        self.assertIn(hashlib.sha256(text.encode()).hexdigest().encode(), files)
        self.assertNotIn(text[8:].encode(), files)

    def test_organisations(self):
        for email in ("ada@example.org", "bob@example.org"):
            self.ctl("account", "add", email)
        made = self.asked("org", "add", "acme", "--owner", "ada@example.org", "--name", "Acme Ltd.")
        self.ctl("org", "set-member", "acme", "bob@example.org")
        self.assertEqual({m["email"]: m["level"] for m in self.asked("org", "members", "acme")["members"]},
                         {"ada@example.org": "owner", "bob@example.org": "member"})
        self.ctl("org", "transfer", "acme", "bob@example.org")
        self.ctl("org", "remove-member", "acme", "ada@example.org")
        self.assertIn("delete it first", self.ctl("org", "erase", made["id"], check=1))
        self.assertIn(made["id"], self.ctl("org", "delete", "acme"))
        self.assertEqual(self.asked("org", "list")["organizations"], [])
        self.assertIn("not the id", self.ctl("org", "erase", "../../etc/passwd", check=1))

    def test_the_audit_log(self):
        self.ctl("account", "add", "ada@example.org")
        anchor = self.asked("audit", "verify")["head"]
        self.assertIn("compared with no anchor", self.ctl("audit", "verify"))
        self.ctl("account", "suspend", "ada@example.org")
        self.assertIn("rows after the anchor: 1", self.ctl("audit", "verify", "--anchor", anchor))
        self.assertEqual([row["action"] for row in self.asked("audit", "list")["rows"]],
                         ["account.suspended", "account.created"])
        ada = self.asked("account", "show", "ada@example.org")["id"]
        self.assertRegex(self.ctl("audit", "list", "--before", "2"), rf"^NUMBER.*\n1 .* account\.created +{ada} +\{{.*\n$")
        self.assertIn("anchor", self.ctl("audit", "verify", "--anchor", f"1:{'0' * 64}", check=1))
        self.ctl("audit", "prune", "1")
        self.assertIn("intact: 2 rows", self.ctl("audit", "verify"))

    def test_without_the_daemon(self):
        done = self.run_program([harness.binary("alknetctl"), "--bus-address", f"unix:path={self.dir}/none", "account", "list"],
                                check=3)
        self.assertIn(b"not running", done.stderr)


project_type = {
    "name": "projects", "description": "what depends on what", "config": {"graph_type": "directed", "acyclic": True},
    "node_types": [{"name": "task", "schema": {"type": "object", "required": ["title"],
                                               "properties": {"title": {"type": "string", "minLength": 2}}}},
                   {"name": "person"}],
    "edge_types": [{"name": "needs", "allowed_source_types": ["task"], "allowed_target_types": ["task"]},
                   {"name": "owns", "allowed_source_types": ["person"], "schema": {"maxProperties": 0}}]}


class Graphs(Stored):
    def setUp(self):
        super().setUp()
        self.start_stored()

    def file(self, content):
        path = self.dir / f"json{len(list(self.dir.glob('json*')))}"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def graph(self, *more):
        self.ctl("graph", "put-type", self.file(project_type), *more)
        return self.asked("graph", "create", "projects", "house", "--status", "active", *more)["id"]

    def test_a_type_is_made_shown_changed_and_removed(self):
        self.assertEqual(self.asked("graph", "put-type", self.file(project_type))["name"], "projects")
        shown = self.asked("graph", "type", "projects")
        self.assertEqual(shown["node_types"][1]["schema"], project_type["node_types"][0]["schema"])
        self.assertEqual(self.asked("graph", "put-type", self.file(shown))["version"], shown["version"])  # nothing new
        changed = {**project_type, "node_types": [{"name": "task", "schema": {"type": "object"}}]}
        self.assertGreater(self.asked("graph", "put-type", self.file(changed))["version"], shown["version"])
        self.assertEqual(len(self.asked("graph", "type", "projects")["node_types"]), 2)
        other = {**project_type, "config": {"graph_type": "mixed"}}
        self.assertIn("another one", self.ctl("graph", "put-type", self.file(other), check=1))
        self.assertEqual([t["name"] for t in self.asked("graph", "types")["types"]], ["acl", "projects"])
        self.ctl("graph", "remove-type", "projects")
        self.assertIn("no such graph type", self.ctl("graph", "type", "projects", check=1))

    def test_nodes_and_edges_from_their_making_to_their_end(self):
        graph = self.graph()
        node = self.asked("graph", "put-node", "house", "roof", "task", self.file({"title": "Roof"}))
        self.assertEqual((node["key"], node["attributes"]), ("roof", {"title": "Roof"}))
        self.ctl("graph", "put-node", graph, "walls", "task", self.file({"title": "Walls"}))
        self.ctl("graph", "put-node", "house", "ann", "person")
        edge = self.asked("graph", "put-edge", "house", "roof", "walls", "needs", self.file({"why": "rain"}), "--key", "e1")
        self.assertEqual(edge["attributes"], {"edge_type": "needs", "why": "rain"})
        again = self.asked("graph", "put-edge", "house", "roof", "walls", "needs", "--key", "e1")
        self.assertEqual((again["id"], again["attributes"]), (edge["id"], {"edge_type": "needs"}))
        for arguments, words in ((("put-edge", "house", "walls", "roof", "needs"), "close a circle"),
                                 (("put-edge", "house", "roof", "walls", "needs"), "is there already"),
                                 (("put-edge", "house", "ann", "roof", "needs"), "do not begin"),
                                 (("put-edge", "house", "ann", "nobody", "owns"), "no such node"),
                                 (("put-edge", "house", "ann", "ann", "owns"), "to itself"),
                                 (("put-node", "house", "x", "thing"), "no such node type"),
                                 (("put-node", "house", "x", "task"), "title"),
                                 (("put-node", "house", "x", "task", self.file({"title": "a"})), "/title"),
                                 (("put-node", "house", "roof", "person"), "another type"),
                                 (("node", "nowhere", "x"), "no such graph")):
            self.assertIn(words, self.ctl("graph", *arguments, check=1), arguments)
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "house", "--limit", "2")["nodes"]], ["ann", "roof"])
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "house", "--after", "roof")["nodes"]], ["walls"])
        self.assertEqual(len(self.asked("graph", "edges", "house", "--from", "roof")["edges"]), 1)
        self.assertEqual(self.asked("graph", "edges", "house", "--to", "roof")["edges"], [])
        self.ctl("graph", "remove-node", "house", "walls")  # with its edge
        self.assertIn("no such edge", self.ctl("graph", "edge", "house", "e1", check=1))
        self.assertIn("graphs of that type", self.ctl("graph", "remove-type", "projects", check=1))
        self.ctl("graph", "delete", "house")

    def test_a_whole_graph_goes_out_and_in_again(self):
        self.graph()
        whole = {"nodes": [{"key": f"t{i}", "type": "task", "attributes": {"title": f"Task {i}"}} for i in range(1500)],
                 "edges": [{"source": f"t{i}", "target": f"t{i + 1}", "type": "needs"} for i in range(1499)]}
        self.ctl("graph", "import", "house", self.file(whole))
        out = self.asked("graph", "export", "house")
        self.assertEqual((len(out["nodes"]), len(out["edges"])), (1500, 1499))
        self.assertEqual(len(self.asked("graph", "nodes", "house", "--limit", "2000")["nodes"]), 1500)
        whole["edges"].append({"source": "t1499", "target": "t0", "type": "needs"})
        self.assertIn("circle", self.ctl("graph", "import", "house", self.file(whole), check=1))
        whole["nodes"][3]["attributes"] = {}
        self.assertIn("/nodes/3", self.ctl("graph", "import", "house", self.file(whole), check=1))
        self.assertEqual(self.asked("graph", "export", "house"), out)  # nothing was changed

    def test_organisations_have_graphs_of_their_own(self):
        self.ctl("account", "add", "ada@example.org")
        for slug in ("acme", "other"):
            self.ctl("org", "add", slug, "--owner", "ada@example.org")
        self.graph("--org", "acme")
        self.ctl("graph", "put-node", "house", "ann", "person", "--org", "acme")
        self.assertEqual(len(self.asked("graph", "nodes", "house", "--org", "acme")["nodes"]), 1)
        self.assertIn("no such graph", self.ctl("graph", "nodes", "house", check=1))
        self.ctl("graph", "types", "--org", "other", check=1)  # has none yet
        self.assertIn("no such organisation", self.ctl("graph", "types", "--org", "../x", check=1))


class Access(Stored):
    def setUp(self):
        super().setUp()
        self.start_stored()
        for email in ("ada@example.org", "bob@example.org"):
            self.ctl("account", "add", email)
        self.ctl("org", "add", "acme", "--owner", "ada@example.org")

    def test_grants_roles_and_organisations_come_together(self):
        self.ctl("acl", "grant", "org:acme", "--scope", "acme:read", "--resource", "project:7=read,write")
        self.ctl("acl", "grant", "role:ops", "--scope", "ops:deploy")
        self.ctl("acl", "join", "ada@example.org", "role:ops")
        self.ctl("acl", "grant", "ada@example.org", "--scope", "own:one")
        self.assertEqual(self.asked("acl", "list", "ada@example.org"),
                         {"scopes": ["acme:read", "ops:deploy", "own:one"], "resources": {"project:7": ["read", "write"]}})
        asked = ("ada@example.org", "--scope", "acme:read", "--any-scope", "x:y", "--any-scope", "ops:deploy",
                 "--resource", "project:7=write")
        self.assertIn("granted", self.ctl("acl", "check", *asked))
        explained = self.ctl("acl", "explain", *asked)
        self.assertIn("-belongs_to-> org:", explained)
        self.assertIn("-belongs_to-> role:ops", explained)
        self.ctl("acl", "check", "bob@example.org", "--scope", "acme:read", check=1)
        self.assertIn("nobody within reach", self.ctl("acl", "explain", "bob@example.org", "--scope", "acme:read"))
        self.ctl("org", "set-member", "acme", "bob@example.org")
        self.ctl("acl", "check", "bob@example.org", "--scope", "acme:read")
        self.ctl("account", "suspend", "bob@example.org")
        self.ctl("acl", "check", "bob@example.org", "--scope", "acme:read", check=1)
        self.assertIn("not active", self.ctl("acl", "explain", "bob@example.org", "--scope", "acme:read"))
        self.ctl("acl", "unlink", "ada@example.org", "role:ops")
        self.assertNotIn("ops:deploy", self.asked("acl", "list", "ada@example.org")["scopes"])
        names = {p["name"] for p in self.asked("acl", "list")["principals"]}
        self.assertEqual(names, {"ada@example.org", "bob@example.org", "acme", "ops"})
        actions = [row["action"] for row in self.asked("audit", "list")["rows"]]
        self.assertIn("acl.edge-removed", actions)
        self.assertIn("acl.node-changed", actions)

    def test_delegations_pass_what_the_delegator_has(self):
        self.ctl("acl", "grant", "ada@example.org", "--scope", "a:b", "--scope", "c:d")
        self.assertIn("has not all", self.ctl("acl", "delegate", "ada@example.org", "bob@example.org", "--scope", "x:y", check=1))
        self.ctl("acl", "delegate", "ada@example.org", "bob@example.org", "--scope", "a:b", "--final")
        self.assertEqual(self.asked("acl", "list", "bob@example.org")["scopes"], ["a:b"])
        self.assertIn("cut by", self.ctl("acl", "explain", "bob@example.org", "--scope", "c:d"))
        self.assertIn("circle", self.ctl("acl", "delegate", "bob@example.org", "ada@example.org", check=1))
        self.ctl("acl", "delegate", "bob@example.org", "role:crew", "--scope", "a:b", check=1)  # final
        self.ctl("acl", "revoke", "ada@example.org", "--scope", "a:b")
        self.assertEqual(self.asked("acl", "list", "bob@example.org")["scopes"], [])
        self.assertIn("has not got", self.ctl("acl", "revoke", "ada@example.org", "--scope", "a:b", check=1))

    def test_members_decide_about_memberships_and_the_graph_stays(self):
        edge, = [e for e in self.asked("graph", "edges", "acl")["edges"]]
        for arguments in (("graph", "remove-edge", "acl", edge["id"]), ("graph", "remove-node", "acl", edge["target"]),
                          ("graph", "delete", "acl"), ("graph", "import", "acl", "/dev/null"), ("graph", "create", "acl", "acl"),
                          ("acl", "join", "bob@example.org", "org:acme")):
            self.ctl(*arguments, check=1)
        self.assertEqual(self.asked("graph", "edges", "acl")["edges"], [edge])


class Files(Stored):
    def edit(self, statement):
        tables = self.tables()
        with tables:
            tables.execute(statement)
        tables.close()  # which brings the log into the file

    def end(self, stored):
        self.assertEqual(stored.stop(), 0)

    def test_what_was_written_is_there_after_a_restart(self):
        stored = self.start_stored()
        self.assertRegex(stored.text(), r"storage opened engine=SQLite/3[.0-9]+ schema=\d+")
        self.ctl("account", "add", "ada@example.org")
        self.end(stored)
        self.start_stored()
        self.assertIn("ada@example.org", self.ctl("account", "list"))

    def test_the_end_of_the_log_is_told_at_every_stop_and_start(self):
        stored = self.start_stored()
        self.ctl("account", "add", "ada@example.org")
        self.end(stored)
        anchor = re.search(r"audit anchor sequence=1 hash=([0-9a-f]{64}) signature=unsigned", stored.text(), re.M)[1]
        # Whoever writes a new log of hashes that fit each other has another end.
        self.start_stored().wait_line(f"audit anchor sequence=1 hash={anchor}")
        self.ctl("audit", "verify", "--anchor", f"1:{anchor}")
        self.ctl("audit", "verify", "--anchor", f"1:{anchor[::-1]}", check=1)

    def test_a_tampered_log_is_found(self):
        stored = self.start_stored()
        for email in ("a@example.org", "b@example.org", "c@example.org"):
            self.ctl("account", "add", email)
        self.end(stored)
        self.edit("UPDATE audit_logs SET actor = 'uid:12345' WHERE sequence = 2")
        self.start_stored()
        self.assertIn("from row 2 on", self.ctl("audit", "verify", check=1))

    def refused(self, reason):
        before = (self.state / "system.db").read_bytes()
        stored = self.start_stored(ready=False)
        stored.wait_line(reason)
        self.assertEqual(stored.wait(), 1)
        self.assertEqual((self.state / "system.db").read_bytes(), before)

    def test_a_newer_file_is_refused_and_left_alone(self):
        self.end(self.start_stored())
        self.edit("PRAGMA user_version = 99")
        self.refused("a newer release wrote it")

    def test_a_damaged_file_is_refused_and_left_alone(self):
        self.state.joinpath("system.db").write_bytes(os.urandom(16384))
        self.refused("storage damaged database=system")


class Disk(Stored):
    """A file system of the daemon's own, which fills up or becomes read-only under it."""

    def setUp(self):
        super().setUp()
        harness.require("unshare", "nsenter", "mount")
        if os.geteuid() != 0:
            self.skipTest("needs root for a file system of its own")

    def start_mounted(self, *mounts):
        """The daemon with mounts over its state directory that only it sees: they go with it."""
        self.starts += 1
        script = "".join(f"mount {mount} {self.state} && " for mount in mounts) + "echo mounted && exec \"$@\""
        stored = self.start(f"stored{self.starts}", ["unshare", "--mount", "sh", "-c", script, "sh",
                                                     harness.binary("alknet-stored"), "--bus-address", self.address],
                            env={"STATE_DIRECTORY": str(self.state)})
        line = stored.wait_line("^mounted|unshare|Operation not permitted").string
        if not line.startswith("mounted"):
            self.skipTest(f"no file system can be mounted here: {line}")
        return stored

    def test_a_full_disk_answers_busy_and_loses_nothing(self):
        stored = self.start_mounted("-t tmpfs -o size=4m tmpfs")
        stored.wait_line("server running")
        seen = pathlib.Path(f"/proc/{stored.pid}/root{self.state}")
        self.ctl("account", "add", "before@example.org")
        filler = seen / "filler"
        with open(filler, "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        for _ in range(3):
            self.assertIn("storage full", self.ctl("account", "add", "during@example.org", check=1))
        self.assertEqual([a["email"] for a in self.asked("account", "list")["accounts"]], ["before@example.org"])
        self.assertEqual(stored.text().count("storage full database=system"), 1)
        filler.unlink()
        self.ctl("account", "add", "after@example.org")
        self.assertEqual([a["email"] for a in self.asked("account", "list")["accounts"]],
                         ["after@example.org", "before@example.org"])
        self.assertIn("intact: 2 rows", self.ctl("audit", "verify"))

    def test_a_read_only_disk_answers_internal_and_loses_nothing(self):
        stored = self.start_stored()
        self.ctl("account", "add", "before@example.org")
        os.kill(stored.pid, signal.SIGKILL)  # what it has not moved into the file yet stays in the log beside it
        stored.wait()
        before = self.content()
        refused = self.start_mounted(f"--bind {self.state}", "-o remount,bind,ro")
        refused.wait_line("server running")
        self.assertIn("before@example.org", self.ctl("account", "list"))
        self.assertIn("internal error", self.ctl("account", "add", "during@example.org", check=1))
        refused.wait_line("readonly database")
        refused.stop()
        self.assertEqual(self.content(), before)
        self.start_stored()
        self.assertEqual([a["email"] for a in self.asked("account", "list")["accounts"]], ["before@example.org"])
        self.assertIn("intact: 1 rows", self.ctl("audit", "verify"))

    def content(self):
        return {name: self.state.joinpath(name).read_bytes() for name in ("system.db", "system.db-wal")}


class Crashes(Stored):
    """kill -9 at any moment of a load of changes: what was acknowledged is there, and everything belongs together."""

    def setUp(self):
        super().setUp()
        try:
            import dbus  # noqa: F401
        except ImportError:
            self.skipTest("python3-dbus is not installed")
        self.acknowledged = set()
        self.total = threading.Semaphore(0)

    def load(self, name):
        program = self.start(name, [sys.executable, "-c", load, self.address, name])
        return program

    def count(self, programs):
        return sum(len(re.findall(r"@example\.org$", program.text(), re.M)) for program in programs)

    def one_round(self, number, dice):
        stored = self.start_stored()
        programs = [self.load(f"r{number}w{writer}") for writer in range(3)]
        enough = dice.randrange(1, 60)
        harness.wait_until(lambda: self.count(programs) >= enough, what="a load")
        os.kill(stored.pid, signal.SIGKILL)
        harness.wait_until(lambda: not stored.running(), what="the end")
        for program in programs:
            self.assertNotEqual(program.wait(), 0)  # its call was not answered
            self.acknowledged.update(re.findall(r"^\S+@example\.org$", program.text(), re.M))

    def check(self):
        tables = self.tables()
        self.assertEqual(tables.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(tables.execute("PRAGMA foreign_key_check").fetchall(), [])
        present = {email for email, in tables.execute("SELECT email FROM accounts")}
        self.assertEqual(self.acknowledged - present, set())
        # An account, its event and its audit row are there together or not at all; numbers have no gap.
        for column, table, which in (("position", "stream_events", "topic LIKE 'accounts:%'"),
                                     ("sequence", "audit_logs", "action = 'account.created'")):
            count, = tables.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()
            self.assertEqual(count, len(present), table)
            numbers = [n for n, in tables.execute(f"SELECT {column} FROM {table} ORDER BY {column}")]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)), table)
        tables.close()

    def test_nothing_acknowledged_is_lost(self):
        seed = random.randrange(1 << 32)
        print(f"# seed {seed}", flush=True)
        dice = random.Random(seed)
        for number in range(harness.sized(6, 200)):
            self.one_round(number, dice)
            self.check()
        self.start_stored()
        self.assertIn("intact", self.ctl("audit", "verify"))


if __name__ == "__main__":
    harness.main()
