"""The arithmetic of the benchmark: medians of ratios, goals, the order of turns, the table."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measure  # noqa: E402
import table  # noqa: E402


def row(alknet, other, **options):
    made = measure.Row("Section", "what", "MiB/s", **options)
    for value in alknet:
        made.add("alknet", value)
    for value in other:
        made.add("peer", value)
    return made


class Rows(unittest.TestCase):
    def test_ratio_is_taken_round_by_round(self):
        # The machine was slow in the second round: for both. The ratio of the medians would be 0.55.
        found = row([200, 55, 110], [100, 50, 200]).as_json()["ratio"]
        self.assertEqual((found["median"], found["min"], found["max"]), (1.1, 0.55, 2.0))

    def test_goals(self):
        self.assertTrue(row([95], [100], goal=("at least", 0.95)).met())
        self.assertFalse(row([94], [100], goal=("at least", 0.95)).met())
        self.assertTrue(row([110], [100], goal=("at most", 1.1)).met())
        self.assertFalse(row([33], [1000], goal=("at most", 32), judged="alknet").met())
        self.assertIsNone(row([1], [1]).met())

    def test_a_peer_that_used_nothing_gives_no_ratio(self):
        self.assertNotIn("ratio", row([3], [0]).as_json())

    def test_table_names_the_peer_and_the_miss(self):
        text = table.markdown([row([94, 94], [100, 100], peer="stunnel + sshd", goal=("at least", 0.95))])
        self.assertIn("| stunnel + sshd", text)
        self.assertIn("MISSED", text)
        self.assertEqual(len({line.count("|") for line in text.strip().splitlines()}), 1)


class Turns(unittest.TestCase):
    def test_both_go_first_equally_often(self):
        seen = []
        measure.in_turn(4, [lambda place, server: seen.append(server)], ("A", "B"))
        self.assertEqual("".join(seen), "ABBAABBA")


class Watching(unittest.TestCase):
    def test_processor_time_of_a_command_is_found(self):
        watch = measure.Watch([])
        measure.run([sys.executable, "-c", "sum(range(3_000_000)); print('{}')"])
        seen = watch.done()
        self.assertGreater(seen["busy"], 0)
        self.assertLessEqual(seen["others"], seen["busy"])


if __name__ == "__main__":
    unittest.main()
