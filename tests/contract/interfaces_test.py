"""The table that a daemon was built with equals its contract: names, arguments, types, order, access, announcements."""

import xml.etree.ElementTree as xml

import harness

changes = "org.freedesktop.DBus.Property.EmitsChangedSignal"
daemons = {"alknet-authd": "org.alknet.Auth1", "alknet-listend": "org.alknet.Listen1",
           "alknet-secretd": "org.alknet.Secret1", "alknet-stored": "org.alknet.Store1"}


def members(text, name):
    """{(kind, member): what callers rely on} of one interface of an introspection document."""
    interface = xml.fromstring(text).find(f"interface[@name='{name}']")
    if interface is None:
        raise AssertionError(f"no interface {name}")
    found = {}
    for node in interface:
        if node.tag == "property":
            emits = node.find(f"annotation[@name='{changes}']")
            rest = (node.get("type"), node.get("access"), "true" if emits is None else emits.get("value"))
        elif node.tag == "annotation":
            continue
        else:
            default = "in" if node.tag == "method" else "out"
            rest = [(arg.get("name"), arg.get("type"), arg.get("direction", default)) for arg in node.findall("arg")]
        found[node.tag, node.get("name")] = rest
    return found


def contract(name):
    return members((harness.root / "contracts" / f"{name}.xml").read_bytes(), name)


class Interfaces(harness.Case):
    def compare(self, daemon):
        name = daemons[daemon]
        printed = self.run_program([harness.binary(daemon), "--bus-introspect"]).stdout
        self.assertEqual(members(printed, name), contract(name))

    def test_authd(self):
        self.compare("alknet-authd")

    def test_listend(self):
        self.compare("alknet-listend")

    def test_stored(self):
        self.compare("alknet-stored")

    def test_secretd(self):
        self.compare("alknet-secretd")

    def test_the_comparison_can_fail(self):
        good = (harness.root / "contracts/org.alknet.Auth1.xml").read_text()
        for old, new in (('name="key" type="ay"', 'name="key" type="s"'), ('name="user"', 'name="name"'),
                         ('value="const"', 'value="false"'), ('name="Abort"', 'name="Cancel"')):
            self.assertIn(old, good)
            changed = members(good.replace(old, new, 1), "org.alknet.Auth1")
            self.assertNotEqual(changed, contract("org.alknet.Auth1"), old)


if __name__ == "__main__":
    harness.main()
