"""Tables for people that must equal tables for programs, and the XML that refers to them."""

import re
import xml.etree.ElementTree as xml

import harness

contracts = harness.root / "contracts"


def rows(path):
    """The cells of every table row of a Markdown file, header rows left out."""
    found = []
    for line in path.read_text().splitlines():
        if line.startswith("|") and not re.match(r"^\|[-|]+\|$", line):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


class Events(harness.Case):
    def test_log_events_equal_the_header(self):
        header = (harness.root / "lib/log/event.hpp").read_text()
        in_code = re.findall(r'constexpr Event \w+\{"([0-9a-f]+)",\s*"([^"]+)"\}', header)
        in_table = [(row[0], row[1]) for row in rows(contracts / "log-events.md")[1:]]
        self.assertGreater(len(in_code), 10)
        self.assertEqual(in_table, in_code)

    def test_ids_are_unique_and_every_event_says_when(self):
        table = rows(contracts / "log-events.md")[1:]
        self.assertEqual(len({row[0] for row in table}), len(table))
        for row in table:
            self.assertRegex(row[0], "^[0-9a-f]{32}$")
            self.assertEqual(len(row), 7, row)
            self.assertRegex(row[6], r"^[A-Z`].*\.$", row)

    def test_the_journal_catalog_explains_each_event_once(self):
        text = (harness.root / "units" / "alknet.catalog").read_text()
        entries = re.split(r"^-- ", text, flags=re.M)[1:]
        table = {row[0]: row for row in rows(contracts / "log-events.md")[1:]}
        self.assertEqual([entry[:32] for entry in entries], list(table))
        for entry in entries:
            head, _, prose = entry.partition("\n\n")
            for field in ("Subject", "Defined-By", "Support", "Documentation"):
                self.assertRegex(head, rf"(?m)^{field}: .", entry)
            self.assertTrue(prose.strip(), entry)
            self.assertLessEqual(max(map(len, prose.splitlines())), 80, "a terminal's width")
            # Only fields that the event has; the journal shows others as they are written.
            row = table[entry[:32]]
            known = set(re.findall(r"\w+", row[4] + " " + row[5]))
            for field in re.findall(r"@(\w+)@", entry):
                self.assertIn(field.removeprefix("ALKNET_").lower(), known, entry)


class Errors(harness.Case):
    def table(self):
        return [row for row in rows(contracts / "errors.md") if row[0].startswith("`org.alknet.Error.")]

    def test_error_names_equal_the_map(self):
        source = (harness.root / "lib/bus/error_map.cpp").read_text()
        in_code = set(re.findall(r'\{Kind::(\w+), "(org\.alknet\.Error\.\w+)"\}', source))
        in_table = {(row[1], row[0].strip("`")) for row in self.table()}
        self.assertGreaterEqual(len(in_code), 9)
        self.assertEqual(in_table, in_code)

    def test_every_kind_has_a_name(self):
        header = (harness.root / "lib/base/result.hpp").read_text()
        kinds = re.findall(r"^  (\w+),", re.search(r"enum class Kind \{(.*?)\};", header, re.S)[1], re.M)
        self.assertEqual(sorted(kinds), sorted(row[1] for row in self.table()))

    def test_every_name_has_a_sentence(self):
        for row in self.table():
            self.assertRegex(row[4], r"^[A-Z].*\.$", row[0])
            self.assertRegex(row[5], r"^[A-Z].*\.$", row[0])

    def test_names_in_the_prose_of_the_contracts_exist(self):
        known = {row[0].strip("`").rsplit(".", 1)[1] for row in self.table()}
        for path in sorted(contracts.glob("*.xml")):
            for clause in re.findall(r"Errors: (.*?)(?:-->)", path.read_text(), re.S):
                if clause.startswith(("contracts/", "as ")):
                    continue
                words = re.findall(r"\b([A-Z]\w+)\b", re.sub(r"\([^)]*\)", "", clause))
                names = [word for word in words if word not in ("Members",)]
                self.assertTrue(names, clause)
                self.assertLessEqual(set(names), known, f"{path.name}: {clause}")


class Xml(harness.Case):
    def test_every_member_has_prose_or_a_plain_name(self):
        """Methods and signals are explained; a property may speak for itself."""
        for path in sorted(contracts.glob("*.xml")):
            parser = xml.XMLParser(target=xml.TreeBuilder(insert_comments=True))
            interface = xml.parse(path, parser).getroot().find("interface")
            before = None
            for child in interface:
                if child.tag == "method":
                    self.assertIs(before, xml.Comment, f"{path.name}: {child.get('name')} has no prose")
                before = child.tag

    def test_policy_files_name_what_they_guard(self):
        for path in sorted(contracts.glob("*.xml")):
            name = path.stem
            policy = xml.parse(contracts / "dbus" / f"{name}.conf").getroot()
            owners = [p.get("user") for p in policy.findall("policy") if p.find(f"allow[@own='{name}']") is not None]
            self.assertEqual(len(owners), 1, name)
            default = policy.find("policy[@context='default']")
            self.assertIsNotNone(default.find(f"deny[@send_destination='{name}']"), name)


class Polkit(harness.Case):
    """Every action that a table names is declared, and polkit answers the daemon's user about it."""

    def test_actions_equal_the_tables(self):
        for daemon, interface in (("alknet-listend", "org.alknet.Listen1"), ("alknet-authd", "org.alknet.Auth1"),
                                  ("alknet-secretd", "org.alknet.Secret1"), ("alknet-stored", "org.alknet.Store1")):
            table = (harness.root / "daemons" / daemon / "policy.hpp").read_text()
            named = set(re.findall(r'"(org\.alknet\.[\w.-]+)"\s*}', table))
            declared = contracts / "dbus" / f"{interface}.policy"
            actions = xml.parse(declared).getroot().findall("action") if declared.exists() else []
            self.assertEqual({action.get("id") for action in actions}, named, daemon)
            for action in actions:
                self.assertEqual(action.find("annotate[@key='org.freedesktop.policykit.owner']").text,
                                 f"unix-user:{daemon}")
                for who in ("allow_any", "allow_inactive", "allow_active"):
                    self.assertIn(action.find(f"defaults/{who}").text, ("auth_admin", "auth_admin_keep"))

    def test_every_change_needs_an_action(self):
        """Members that only look are named here; whatever else alknet-admin may call needs polkit's consent."""
        looks = {"ListSessions", "Explain", "GetPolicy", "GetLimits", "GetMetrics", "ListPenalties",
                 "GetAccount", "ListAccounts", "ListOrganizations", "ListMembers", "ListKeys", "ListApiKeys", "ListAudit",
                 "VerifyAudit", "Check", "Prepare", "Status", "GetGraphType", "ListGraphTypes", "GetGraph", "ListGraphs", "LoadGraph",
                 "GetNode", "ListNodes", "GetEdge", "ListEdges", "CheckAccess", "ExplainAccess", "GetAccess",
                 "ListPrincipals", "GetCredential", "ListCredentials", "Subscribe", "ListStreams",
                 "ListConsumers", "ListQueues", "ListDeadJobs", "Listen"}
        table = "".join((harness.root / f"daemons/{daemon}/policy.hpp").read_text()
                        for daemon in ("alknet-listend", "alknet-secretd", "alknet-stored"))
        rules = re.findall(r'\{"(\w+)",\s*bus::Who::Admin(,\s*"[^"]+")?\}', table)
        self.assertGreater(len(rules), 4)
        for member, action in rules:
            self.assertEqual(bool(action), member not in looks, member)


if __name__ == "__main__":
    harness.main()
