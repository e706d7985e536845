"""Who may ask alknet-secretd for what: every member, called by each of our users on a bus with our real policy files. Both gates
are real: the bus policy, and the daemon's own table, which looks the users up by name in a file of accounts of its own. And who
may have a record that alknet-stored keeps."""

import json
import os
import pathlib
import subprocess

import harness

try:
    import dbus
    import secret_client
except ImportError as missing:
    secret_client = None
    missing_module = missing.name

words = "abandon " * 11 + "about"
host_key, node_key = "m/74'/0'/1'/0'", "m/74'/0'/0'/0'"

# Accounts that every machine has, which dbus-daemon therefore knows.
users = {"alknet-listend": 1, "alknet-authd": 2, "alknet-stored": 3, "alknet-metrics": 5}
stranger = 65534

# Runs as another user. Gives {what: "ok" or the error's name}.
asking = """
import json, os, sys, time, dbus
bus = dbus.bus.BusConnection(sys.argv[1])
records = json.loads(sys.argv[2])
proxy = bus.get_object("org.alknet.Secret1", "/org/alknet/Secret1", introspect=False)
key, box, one, yes = dbus.ByteArray(os.urandom(32)), dbus.ByteArray(os.urandom(80)), dbus.UInt32(12), dbus.Boolean(True)
def record(tag):
    version, salt, iv, data = records[tag]
    return dbus.Struct((dbus.UInt32(version), salt, iv, data), signature="usss")
questions = {
    "Prepare": (), "Status": (), "Unlock": (key, box, yes), "Lock": (), "Generate": (one, key, box, key, yes),
    "DeriveEd25519 host": ("m/74'/0'/1'/0'", key), "DeriveEd25519 node": ("m/74'/0'/0'/0'", key),
    "DeriveEncryptionKey": ("m/74'/2'/0'/0'", key), "DeriveEthereumKey": ("m/44'/60'/0'/0/0", key),
    "DerivePassword": ("m/74'/1'/0'/7'", one, key), "Encrypt": (key, box, "x", dbus.UInt32(2)),
    "Decrypt alknet-listend": (record("alknet-listend"), key), "Decrypt web": (record("web"), key),
    "SignAnchor": (dbus.UInt32(1), dbus.UInt64(7), dbus.ByteArray(bytes(32)), dbus.UInt64(int(time.time()))),
    "SignAnchor of another day": (dbus.UInt32(1), dbus.UInt64(7), dbus.ByteArray(bytes(32)), dbus.UInt64(1)),
    "GetMetrics": (), "Decrypt": (record(""), key), "Rotate": (record("web"), dbus.UInt32(3)),
}
answers = {}
for what, arguments in questions.items():
    try:
        proxy.get_dbus_method(what.split()[0], "org.alknet.Secret1")(*arguments)
        answers[what] = "ok"
    except dbus.DBusException as error:
        answers[what] = error.get_dbus_name()
try:
    proxy.Get("org.alknet.Secret1", "State", dbus_interface="org.freedesktop.DBus.Properties")
    answers["State"] = "ok"
except dbus.DBusException as error:
    answers["State"] = error.get_dbus_name()
print(json.dumps(answers))
"""

# The same for alknet-stored.
asking_stored = """
import json, sys, dbus
bus = dbus.bus.BusConnection(sys.argv[1])
proxy = bus.get_object("org.alknet.Store1", "/org/alknet/Store1", introspect=False)
facts = dbus.Dictionary({"email": "a@b.example"}, signature="sv")
questions = {"GetCredential proxy": ("proxy",), "GetCredential web": ("web",), "GetCredential none": ("none",), "ListCredentials": (),
             "RemoveCredential": ("none",), "GetRevision": (), "Authenticate": ("fingerprint", "SHA256:x"), "CreateAccount": (facts,),
             "ListAccounts": ("",)}
answers = {}
for what, arguments in questions.items():
    try:
        proxy.get_dbus_method(what.split()[0], "org.alknet.Store1")(*arguments)
        answers[what] = "ok"
    except dbus.DBusException as error:
        answers[what] = error.get_dbus_name()
try:
    proxy.Get("org.alknet.Store1", "Version", dbus_interface="org.freedesktop.DBus.Properties")
    answers["Version"] = "ok"
except dbus.DBusException as error:
    answers["Version"] = error.get_dbus_name()
print(json.dumps(answers))
"""

bus_refuses = "org.freedesktop.DBus.Error.AccessDenied"
table_refuses = "org.alknet.Error.Denied"


class Users(harness.Case):
    ours = ("alknet-secretd",)  # run as whoever runs the tests

    def setUp(self):
        super().setUp()
        if secret_client is None:
            self.skipTest(f"the Python module {missing_module} is not installed")
        if os.getuid() != 0:
            self.skipTest("only root can be other users")
        harness.require("unshare", "mount")
        os.chmod(self.dir, 0o711)  # other users reach the bus socket
        self.address = self.start_bus({name: str(uid) for name, uid in users.items() if name not in self.ours})
        self.start_secretd()
        self.client = secret_client.Client(self.address)
        self.client.unlock(words)
        self.records = {tag: [int(part) if not i else str(part) for i, part in enumerate(self.client.encrypt("s3cret", tag))]
                        for tag in ("alknet-listend", "web", "")}

    def start_secretd(self):
        config = self.dir / "alknet.toml"
        config.write_text("")
        self.start_knowing_users("alknet-secretd", "--config", config)

    def start_knowing_users(self, program, *arguments, **options):
        accounts = self.dir / "passwd"
        accounts.write_text(pathlib.Path("/etc/passwd").read_text() +
                            "".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in users.items()))
        inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', accounts]
        if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        daemon = self.start(program, [*inside, harness.binary(program), *arguments, "--bus-address", self.address], **options)
        daemon.wait_line("server running")

    def ask_as(self, uid, text=asking):
        done = subprocess.run(["/usr/bin/python3", "-c", text, self.address, json.dumps(self.records)], user=uid, group=uid,
                              extra_groups=[], cwd="/", capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def test_alknet_listend_gets_its_host_key_and_its_credentials(self):
        answers = self.ask_as(users["alknet-listend"])
        allowed = {what for what, answer in answers.items() if answer == "ok"}
        self.assertEqual(allowed, {"DeriveEd25519 host", "Decrypt alknet-listend", "State"})
        for what in ("DeriveEd25519 node", "Decrypt web", "Decrypt"):
            self.assertEqual(answers.pop(what), table_refuses, what)
        self.assertEqual({answer for what, answer in answers.items() if what not in allowed}, {bus_refuses})
        self.assertEqual(self.client.status()["state"], "unlocked")

    def test_alknet_stored_gets_a_signature_and_no_secret(self):
        answers = self.ask_as(users["alknet-stored"])
        self.assertEqual({what for what, answer in answers.items() if answer == "ok"}, {"SignAnchor", "State"})
        self.assertEqual(answers.pop("SignAnchor of another day"), "org.alknet.Error.Invalid")
        self.assertEqual({answer for what, answer in answers.items() if what not in ("SignAnchor", "State")}, {bus_refuses})

    def test_alknet_metrics_gets_numbers(self):
        answers = self.ask_as(users["alknet-metrics"])
        self.assertEqual(answers.pop("GetMetrics"), "ok")
        self.assertEqual(set(answers.values()), {bus_refuses})

    def test_all_others_get_nothing(self):
        for uid in (users["alknet-authd"], stranger):
            with self.subTest(uid=uid):
                self.assertEqual(set(self.ask_as(uid).values()), {bus_refuses})
        self.assertEqual(self.client.status()["state"], "unlocked")

    def test_root_gets_what_it_asks_for(self):
        """Control: the questions are good ones."""
        answers = self.ask_as(0)
        # Boxes of noise are opened by nobody; Lock comes before what needs the seed.
        self.assertEqual({answers[what] for what in ("Unlock", "Generate", "Encrypt")} - {"org.alknet.Error.Denied"}, set())
        self.assertEqual(answers["Lock"], "ok")
        self.assertEqual({answers[what] for what in ("DeriveEd25519 node", "DerivePassword", "Decrypt web", "Rotate")},
                         {"org.alknet.Error.Locked"})


class Records(Users):
    """What alknet-stored gives to whom."""

    ours = ("alknet-secretd", "alknet-stored")
    test_alknet_stored_gets_a_signature_and_no_secret = None  # the bus knows it as us here

    def setUp(self):
        super().setUp()
        (self.dir / "state").mkdir()
        self.start_knowing_users("alknet-stored", env={"STATE_DIRECTORY": str(self.dir / "state")})
        for name, consumer in (("proxy", "alknet-listend"), ("web", "web")):
            done = subprocess.run([harness.binary("alknetctl"), "--bus-address", self.address, "credential", "add", name, "--for", consumer,
                                   "--fd", "0"], input=b"s3cret\n", capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_alknet_listend_gets_its_host_key_and_its_credentials(self):
        answers = self.ask_as(users["alknet-listend"], asking_stored)
        self.assertEqual(answers.pop("GetCredential proxy"), "ok")
        self.assertEqual(answers.pop("GetCredential web"), table_refuses)
        self.assertEqual(answers.pop("GetCredential none"), "org.alknet.Error.NotFound")
        self.assertEqual(set(answers.values()), {bus_refuses})

    def test_all_others_get_nothing(self):
        for uid in (users["alknet-metrics"], stranger):
            with self.subTest(uid=uid):
                self.assertEqual(set(self.ask_as(uid, asking_stored).values()), {bus_refuses})
        answers = self.ask_as(users["alknet-authd"], asking_stored)
        self.assertEqual({what for what, answer in answers.items() if answer == "ok"}, {"GetRevision", "Authenticate"})

    def test_root_gets_what_it_asks_for(self):
        """Control: the questions are good ones."""
        answers = self.ask_as(0, asking_stored)
        for what in ("GetCredential none", "RemoveCredential"):
            self.assertEqual(answers.pop(what), "org.alknet.Error.NotFound")
        self.assertEqual(set(answers.values()), {"ok"})


if __name__ == "__main__":
    harness.main()
