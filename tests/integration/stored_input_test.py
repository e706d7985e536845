"""What alknet-stored refuses: each with a precise error, and with every byte of the data as it was before."""

import hashlib
import json
import sqlite3

import harness
import stored_test

graph_type = {"name": "t", "config": {"graph_type": "directed", "acyclic": True},
              "node_types": [{"name": "n", "schema": {"type": "object", "properties": {"size": {"type": "integer"}}}}],
              "edge_types": [{"name": "e"}]}

injections = ["'; DROP TABLE accounts; --", '" OR 1=1 --', "Robert'); DELETE FROM nodes;--", "%s%n", "${HOME}", "$(id)", "\\u0000"]
not_json = {"": "not JSON", "{": "not JSON", "{'a':1}": "not JSON", "[1,2": "not JSON", "nul": "not JSON", '{"a":1}x': "not JSON",
            '{"a":1,"a":2}': "a member twice", "[" * 100 + "]" * 100: "nested deeper", "1e999": "cannot be held"}


class Input(stored_test.Stored):
    def setUp(self):
        super().setUp()
        self.start_stored()
        self.ctl("account", "add", "ada@example.org")
        self.ctl("account", "add", "bob@example.org")
        self.ctl("org", "add", "acme", "--owner", "ada@example.org")
        self.ctl("graph", "put-type", self.file(json.dumps(graph_type)))
        self.ctl("graph", "create", "t", "g")
        self.ctl("graph", "put-node", "g", "a", "n")
        self.ctl("graph", "put-node", "g", "b", "n")
        self.ctl("graph", "put-edge", "g", "a", "b", "e")
        self.before = self.data()

    def file(self, text):
        path = self.dir / "input.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def data(self):
        """A digest of every row of every table, read beside the daemon."""
        digest = hashlib.sha256()
        database = sqlite3.connect(f"file:{self.state}/system.db?mode=ro", uri=True)
        for line in database.iterdump():
            digest.update(line.encode())
        database.close()
        return digest.hexdigest()

    def tenants(self):
        """The places of organisations."""
        return {path.name for path in self.state.iterdir() if not path.name.startswith("system.db")}

    def refused(self, words, *arguments):
        text = self.ctl(*arguments, check=1)
        self.assertIn(words, text, arguments)
        self.assertNotIn("internal", text.lower(), arguments)
        self.assertEqual(self.data(), self.before, arguments)

    def test_text_that_is_no_json(self):
        for text, words in not_json.items():
            with self.subTest(text[:20]):
                self.refused(words, "graph", "put-node", "g", "x", "n", self.file(text))
                self.refused(words, "graph", "put-type", self.file(text))
                self.refused(words, "graph", "import", "g", self.file(text))
        for text in ("[]", "7", '"a"', "null"):
            self.refused("object", "graph", "put-node", "g", "x", "n", self.file(text))
            self.refused("object", "graph", "put-type", self.file(text))
            self.refused("object", "graph", "import", "g", self.file(text))
        self.ctl("graph", "put-node", "g", "x", "n", self.file(b'{"a":"\xff"}'), check=1)  # no UTF-8
        self.assertEqual(self.data(), self.before)

    def test_streams_consumers_and_positions_that_are_not_there(self):
        for text in injections:
            with self.subTest(text):
                self.refused("no such stream", "events", "list", text)
                self.refused("no such stream", "events", "add-consumer", "c", text)
                self.refused("no such consumer", "events", "watch", "--consumer", text)
                self.refused("no such consumer", "events", "remove-consumer", text)
                self.assertEqual(self.ctl("events", "list", "--key", text, "--graph", text), "")
                self.assertEqual(self.asked("queue", "dead", text)["jobs"], [])
        self.refused("is longer", "events", "add-consumer", "c" * 300)
        self.refused("not printable", "events", "add-consumer", "c\n")
        self.refused("keys: are more than 64", "events", "list", *(word for n in range(65) for word in ("--key", str(n))))
        for position in (10**6, 2**63, 2**64 - 1):
            self.refused("no such event yet" if position < 2**63 else "no position", "events", "list", "--from", str(position))
        self.refused("no such dead letter", "queue", "requeue", str(2**64 - 1))

    def test_attributes_that_the_schema_refuses(self):
        self.refused("/size", "graph", "put-node", "g", "x", "n", self.file('{"size":"big"}'))
        self.refused("/size", "graph", "put-node", "g", "a", "n", self.file('{"size":1.5}'))
        self.refused("/nodes/0: attributes: /size", "graph", "import", "g",
                     self.file('{"nodes":[{"key":"x","type":"n","attributes":{"size":[]}}]}'))

    def test_schemas_that_are_none(self):
        def type_with(schema):
            return self.file(json.dumps({**graph_type, "name": "bad", "node_types": [{"name": "n", "schema": schema}]}))
        for schema in ({"type": "text"}, {"minimum": "3"}, {"pattern": "("}, {"$ref": "#/nowhere"}, {"$ref": "#"}, 7,
                       {"$ref": "http://example.org/x.json"}, {"required": "a"}, {"properties": []}):
            with self.subTest(schema):
                self.refused("/node_types/0: schema", "graph", "put-type", type_with(schema))
        self.refused("/color: is not known", "graph", "put-type", self.file(json.dumps({**graph_type, "color": "red"})))
        self.refused("/config", "graph", "put-type", self.file('{"name":"bad"}'))
        self.refused("graph_type", "graph", "put-type", self.file('{"name":"bad","config":{"graph_type":"round"}}'))
        self.refused("no such node type", "graph", "put-type", self.file(json.dumps(
            {**graph_type, "name": "bad", "edge_types": [{"name": "e", "allowed_source_types": ["thing"]}]})))

    def test_attributes_that_are_too_large(self):
        huge = json.dumps({"text": "x" * 300_000})
        self.ctl("graph", "put-node", "g", "x", "n", self.file(huge), check=1)
        self.ctl("graph", "put-edge", "g", "b", "a", "e", self.file(huge), check=1)
        self.refused("/nodes/0: attributes", "graph", "import", "g",
                     self.file('{"nodes":[{"key":"x","type":"n","attributes":%s}]}' % huge))
        self.refused("longer than 512", "graph", "put-node", "g", "k" * 513, "n")
        self.assertEqual(self.data(), self.before)

    def test_types_and_things_that_are_not_there(self):
        for words, arguments in (("no such node type", ("put-node", "g", "x", "q")),
                                 ("no such edge type", ("put-edge", "g", "b", "a", "q")),
                                 ("no such node", ("put-edge", "g", "a", "q", "e")), ("no such graph", ("put-node", "q", "x", "n")),
                                 ("no such graph type", ("create", "q", "x")), ("no such node", ("remove-node", "g", "q")),
                                 ("no such edge", ("remove-edge", "g", "q")), ("no such organisation", ("types", "--org", "q"))):
            self.refused(words, "graph", *arguments)

    def test_circles(self):
        self.refused("circle", "graph", "put-edge", "g", "b", "a", "e")
        self.refused("to itself", "graph", "put-edge", "g", "a", "a", "e")
        self.ctl("acl", "grant", "ada@example.org", "--scope", "a:b")
        self.ctl("acl", "delegate", "ada@example.org", "bob@example.org", "--scope", "a:b")
        self.ctl("acl", "delegate", "bob@example.org", "role:r", "--scope", "a:b")
        self.before = self.data()
        self.refused("circle", "acl", "delegate", "role:r", "ada@example.org", "--scope", "a:b")
        self.refused("circle", "acl", "join", "ada@example.org", "role:r")
        self.refused("circle", "acl", "delegate", "bob@example.org", "org:acme")  # which ada has, who gives to bob
        self.ctl("account", "add", "cyd@example.org")
        self.ctl("acl", "delegate", "cyd@example.org", "role:s")
        self.ctl("acl", "delegate", "role:s", "org:acme")
        self.before = self.data()
        self.refused("circle", "org", "set-member", "acme", "cyd@example.org")

    def test_names_that_are_taken(self):
        self.refused("email address exists", "account", "add", "ADA@example.org")
        self.refused("slug exists", "org", "add", "acme", "--owner", "ada@example.org", "--name", "Other")
        self.refused("is there already", "graph", "put-edge", "g", "a", "b", "e")
        self.refused("/nodes/1: a node of that key", "graph", "import", "g",
                     self.file('{"nodes":[{"key":"x","type":"n"},{"key":"x","type":"n"}]}'))
        self.ctl("graph", "create", "t", "g")
        self.before = self.data()
        self.refused("several graphs", "graph", "nodes", "g")

    def test_text_of_sql_and_of_shells_is_text(self):
        for number, text in enumerate(injections):
            with self.subTest(text):
                graph = self.asked("graph", "create", "t", text, "--description", text)["id"]
                node = self.asked("graph", "put-node", graph, text, "n", self.file(json.dumps({"text": text})))
                self.assertEqual((node["key"], node["attributes"]), (text, {"text": text}))
                self.assertEqual(self.asked("graph", "node", graph, text)["key"], text)
                self.ctl("graph", "put-node", graph, "z", "n")
                edge = self.asked("graph", "put-edge", graph, text, "z", "e", "--key", text)
                self.assertEqual(self.asked("graph", "edges", graph, "--from", text)["edges"][0]["id"], edge["id"])
                self.assertEqual(self.asked("account", "set", "bob@example.org", "--name", text)["display_name"], text)
                self.assertEqual(self.asked("org", "add", f"o{number}", "--owner", "bob@example.org", "--name", text)["name"], text)
                self.ctl("acl", "grant", f"role:{text}", "--scope", "a:b")
                self.ctl("account", "show", text, check=1)
                self.ctl("acl", "check", text, "--scope", text.replace(" ", "_"), check=1)
                self.ctl("keys", "add", f"ssh-ed25519 {text}", "--account", "bob@example.org", check=1)
        self.assertEqual(len(self.asked("account", "list")["accounts"]), 2)
        self.assertTrue(self.asked("audit", "verify")["intact"])
        for text in ("a\nb", "a\x1b[31mb", "a\x7fb"):
            self.ctl("graph", "put-node", "g", text, "n", check=1)
            self.ctl("account", "set", "bob@example.org", "--name", text, check=1)
            self.ctl("acl", "grant", f"role:{text}", "--scope", "a:b", check=1)

    def test_ids_of_organisations_are_no_paths(self):
        harness.require("dbus-send")
        outside = self.dir / "tenant-x.db"
        for number, name in enumerate(("../system", "..", "/etc/passwd", "../../x", "system", "a" * 36, "%2e%2e", "x/../../y",
                                       "00000000-0000-0000-0000-00000000000A")):
            self.refused("id", "org", "erase", name)
            program = self.start(f"dbus-send{number}", [
                "dbus-send", f"--bus={self.address}", "--dest=org.alknet.Store1", "--print-reply", "/org/alknet/Store1",
                "org.alknet.Store1.ListGraphTypes", f"string:{name}", "string:"])
            self.assertNotEqual(program.wait(), 0)
            self.assertIn("org.alknet.Error.Invalid", program.text())
        self.assertFalse(outside.exists())
        self.assertEqual(self.tenants(), set())
        self.assertEqual(self.data(), self.before)


if __name__ == "__main__":
    harness.main()
