"""Events of alknet-stored through a descriptor: replay and what follows, across kills, with readers that stop or leave."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import harness
import stored_test


def memory_of(pid):
    """Resident, in MiB."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


class Events(stored_test.Stored):
    def watch(self, *arguments, name="watch", address=None):
        return self.start(name, [harness.binary("alknetctl"), "--bus-address", address or self.address, "--json", "events", "watch",
                                 *arguments])

    def seen(self, watch):
        return [int(number) for number in re.findall(r'"seq":(\d+)', watch.text())]

    def newest(self, stream="accounts"):
        return next(s["position"] for s in self.asked("events", "streams")["streams"] if s["stream"] == stream)

    def wait_seen(self, watch, position):
        harness.wait_until(lambda: position in self.seen(watch)[-1:], what=f"event {position}")

    def require_dbus(self):
        try:
            import dbus.bus
        except ImportError:
            self.skipTest("python3-dbus is not installed")
        return dbus

    def subscribe(self, *streams, **facts):
        """The reading end, from a connection of its own."""
        dbus = self.require_dbus()
        bus = dbus.bus.BusConnection(self.address)
        self.addCleanup(bus.close)
        store = dbus.Interface(bus.get_object("org.alknet.Store1", "/org/alknet/Store1", introspect=False), "org.alknet.Store1")
        end, position = store.Subscribe("", dbus.Array(streams, signature="s"), dbus.Dictionary(facts, signature="sv"))
        file = os.fdopen(end.take(), "rb")
        self.addCleanup(file.close)
        return file, int(position)


class Watching(Events):
    def test_nothing_is_left_out_or_told_twice_under_load_and_across_kills(self):
        self.require_dbus()
        stored = self.start_stored()
        watch = self.watch("accounts", "--from", "0")
        for number in range(3):
            load = self.start(f"load{number}", [sys.executable, "-c", stored_test.load, self.address, f"r{number}"])
            before = len(self.seen(watch))
            harness.wait_until(lambda: len(self.seen(watch)) >= before + 30, what="events")
            os.kill(stored.pid, signal.SIGKILL)
            self.assertNotEqual(load.wait(), 0)  # its call was not answered
            stored.wait()
            stored = self.start_stored()
        self.ctl("account", "add", "last@example.org")
        self.wait_seen(watch, self.newest())
        os.kill(watch.pid, signal.SIGINT)
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(len(self.seen(watch)), len(self.asked("account", "list")["accounts"]))
        stored.stop()
        kept = self.tables().execute("SELECT position FROM stream_events WHERE topic LIKE 'accounts:%' ORDER BY position")
        self.assertEqual(self.seen(watch), [position for position, in kept])

    def test_what_is_printed(self):
        self.start_stored()
        self.ctl("account", "add", "ada@example.org")
        self.assertRegex(self.ctl("events", "list", "accounts"), r"^\d+ \d{4}-\S+Z accounts:updated [0-9a-f-]{36}\n$")
        self.assertEqual(self.ctl("events", "list", "accounts", "--action", "deleted"), "")
        self.assertEqual(self.ctl("events", "list", "--from", str(self.newest()), "nodes"), "")
        self.assertIn("no such stream", self.ctl("events", "watch", "secrets", check=1))
        self.assertIn("no such event yet", self.ctl("events", "watch", "--from", "99999", check=1))
        self.assertIn("keys: is not printable", self.ctl("events", "list", "--key", "a\nb", check=1))
        self.assertIn("no such organisation", self.ctl("events", "list", "--org", "nobody", check=1))
        self.ctl("events", "list", "--action", "dropped", check=2)

    def test_whoever_has_read_enough_ends_it(self):
        self.start_stored()
        self.ctl("account", "add", "ada@example.org")
        watch = subprocess.Popen([harness.binary("alknetctl"), "--bus-address", self.address, "events", "watch", "--from", "0"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(watch.kill)
        watch.stdout.readline()
        watch.stdout.close()  # as head -1 does; nothing more comes
        self.assertEqual(watch.wait(timeout=20), 0)
        self.assertEqual(watch.stderr.read(), b"")
        watch.stderr.close()

    def test_an_orderly_stop_of_the_daemon_waits_for_no_reader(self):
        stored = self.start_stored()
        watch = self.watch()
        stuck, _ = self.subscribe("accounts")  # not what the daemon itself writes at its start
        self.assertEqual(stored.stop(), 0)
        self.assertEqual(stuck.read(), b"")
        watch.stop(signal.SIGTERM)


class Consumers(Events):
    def acknowledged(self):
        return self.asked("events", "consumers")["consumers"][0]["position"]

    def test_what_one_keeps_is_shown_and_removed_by_word_alone(self):
        self.start_stored()
        self.ctl("events", "add-consumer", "mirror", "accounts", "--from", "0")
        for name in ("ada", "bob"):
            self.ctl("account", "add", f"{name}@example.org")
        mirror, = self.asked("events", "consumers")["consumers"]
        self.assertEqual(mirror["behind"], 2)
        self.assertIn("oldest", mirror)
        self.assertRegex(self.ctl("events", "consumers"), r"BEHIND +OLDEST.*\nmirror +0 +2 +20")
        self.ctl("events", "prune", check=1)
        self.ctl("events", "prune", "--before", "1", "--older-than", "30d", check=2)
        self.ctl("events", "prune", "--older-than", "soon", check=1)
        everything = ("--before", str(self.newest() + 1))
        self.assertIn('the consumer "mirror" has not acknowledged all of these', self.ctl("events", "prune", *everything, check=1))
        self.assertEqual(self.ctl("events", "prune", "--older-than", "1d"), "removed 0 events\n")
        self.assertGreaterEqual(self.asked("events", "prune", *everything, "--unread")["removed"], 2)
        self.assertEqual(self.asked("events", "consumers")["consumers"][0]["behind"], 0)
        self.assertEqual(self.ctl("events", "list"), "")
        self.ctl("org", "add", "acme", "--owner", "ada@example.org")
        self.assertIn("nothing here yet", self.ctl("events", "consumers", "--org", "acme", check=1))

    def test_one_goes_on_from_what_it_acknowledged_across_kills_of_both(self):
        self.require_dbus()
        stored = self.start_stored()
        self.ctl("events", "add-consumer", "mirror", "accounts", "--from", "0")
        self.assertIn("consumer of this name", self.ctl("events", "add-consumer", "mirror", check=1))
        numbers = []
        for number in range(3):
            watch = self.watch("--consumer", "mirror", name=f"watch{number}")
            load = self.start(f"load{number}", [sys.executable, "-c", stored_test.load, self.address, f"r{number}"])
            before = self.acknowledged()
            harness.wait_until(lambda: self.acknowledged() > before + 5, what="an acknowledgement")
            reached = self.acknowledged()
            os.kill(watch.pid, signal.SIGKILL)
            os.kill(stored.pid, signal.SIGKILL)
            watch.wait()
            load.wait()
            stored.wait()
            seen = self.seen(watch)
            self.assertEqual(seen, sorted(set(seen)))
            self.assertIn(reached, seen)
            stored = self.start_stored()
            kept = self.acknowledged()
            self.assertGreaterEqual(kept, reached)
            numbers += [n for n in seen if n <= kept]  # the others come again
        rest = self.watch("--consumer", "mirror", name="rest")
        self.ctl("account", "add", "last@example.org")
        self.wait_seen(rest, self.newest())
        os.kill(rest.pid, signal.SIGTERM)
        self.assertEqual(rest.wait(), 0)
        numbers += self.seen(rest)
        self.assertEqual(self.acknowledged(), numbers[-1])
        self.ctl("events", "remove-consumer", "mirror")
        self.ctl("events", "watch", "--consumer", "mirror", check=1)
        self.ctl("events", "watch", "--consumer", "mirror", "--from", "0", check=2)
        stored.stop()
        kept = self.tables().execute("SELECT position FROM stream_events WHERE topic LIKE 'accounts:%' ORDER BY position")
        self.assertEqual(numbers, [position for position, in kept])


class Queues(Events):
    def busctl(self, member, *arguments):
        done = self.run_program(["busctl", "--address", self.address, "--json=short", "call", "org.alknet.Store1", "/org/alknet/Store1",
                                 "org.alknet.Store1", member, *arguments])
        return json.loads(done.stdout)["data"] if done.stdout.strip() else []

    def test_a_job_outlives_its_worker_and_the_daemon_and_may_be_tried_again(self):
        harness.require("busctl")
        stored = self.start_stored()
        job, = self.busctl("EnqueueJob", "sssa{sv}", "", "mail", '{"to":"ada"}', "1", "max_attempts", "u", "1")
        jobs, = self.busctl("ClaimJobs", "sssuu", "", "mail", "w1", "10", "1")
        self.assertEqual([j["job"]["data"] for j in jobs], [job])
        os.kill(stored.pid, signal.SIGKILL)
        stored.wait()
        self.start_stored()
        self.assertEqual(self.asked("queue", "list")["queues"], [{"dead": 0, "pending": 0, "processing": 1, "queue": "mail"}])

        def claimed():  # once the claim has run out there is no attempt left
            self.assertEqual(self.busctl("ClaimJobs", "sssuu", "", "mail", "w2", "10", "1"), [[]])
            return self.asked("queue", "dead", "mail")["jobs"]
        dead, = harness.wait_until(claimed, what="a dead letter")
        self.assertEqual((dead["job"], dead["error"], dead["payload"]), (job, "claim ran out", '{"to":"ada"}'))
        self.assertIn("claim ran out", self.ctl("queue", "dead", "mail"))
        self.ctl("queue", "requeue", str(job))
        self.assertIn("no such dead letter", self.ctl("queue", "requeue", str(job), check=1))
        jobs, = self.busctl("ClaimJobs", "sssuu", "", "mail", "w3", "10", "0")
        again = str(jobs[0]["job"]["data"])
        self.assertEqual(self.busctl("AckJob", "sts", "", again, "w3"), [True])
        self.assertEqual(self.asked("queue", "list")["queues"], [])


class Readers(Events):
    def setUp(self):
        super().setUp()
        self.stored = self.start_stored()

    def fill(self, nodes, size):
        """A graph of that many nodes; each is an event."""
        if not (self.dir / "type").exists():
            (self.dir / "type").write_text(json.dumps({"name": "t", "config": {"graph_type": "directed"}, "node_types": [{"name": "n"}]}))
            self.ctl("graph", "put-type", self.dir / "type")
            self.made = 0
        self.made += 1
        self.ctl("graph", "create", "t", f"g{self.made}")
        whole = {"nodes": [{"key": f"k{i}", "type": "n", "attributes": {"text": "x" * size}} for i in range(nodes)], "edges": []}
        (self.dir / "whole").write_text(json.dumps(whole))
        began = time.monotonic()
        self.ctl("graph", "import", f"g{self.made}", self.dir / "whole")
        return time.monotonic() - began

    def test_one_that_stops_reading_costs_no_memory_and_nobody_any_time(self):
        alone = min(self.fill(1000, 5000), self.fill(1000, 5000))
        stuck = [self.subscribe("nodes") for _ in range(8)]
        before = memory_of(self.stored.pid)
        with_them = [self.fill(1000, 5000) for _ in range(3)]
        held = memory_of(self.stored.pid) - before
        print(f"# {3000 * 5000 / harness.MIB:.0f} MiB of events, 8 stuck readers: {held:.1f} MiB more; "
              f"an import {alone:.2f} s alone, {min(with_them):.2f} s with them", flush=True)
        self.assert_memory(held, 60)  # eight copies would be 114
        self.assertLess(min(with_them), 5 * alone + 1)
        for file, position in stuck[:2]:
            numbers = []
            while len(numbers) < 3000:
                event = json.loads(file.readline())
                self.assertGreater(event["seq"], position)
                numbers.append(event["seq"])
                self.assertEqual(len(event["data"]["attributes"]["text"]), 5000)
            self.assertEqual(numbers, sorted(set(numbers)))

    def test_too_many_are_refused(self):
        dbus = self.require_dbus()
        held = [self.subscribe()[0] for _ in range(32)]
        with self.assertRaises(dbus.DBusException) as raised:
            self.subscribe()
        self.assertEqual(raised.exception.get_dbus_name(), "org.alknet.Error.Busy")
        self.assertIn("too many subscriptions", self.ctl("events", "watch", check=1))
        held.pop().close()

        def again():
            try:
                return self.subscribe()
            except dbus.DBusException:
                return None
        harness.wait_until(again, what="a place")


if __name__ == "__main__":
    harness.main()
