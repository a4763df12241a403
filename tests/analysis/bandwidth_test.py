"""Bandwidths as nccl-tests define them, on the numbers of tests/comm/bandwidth_test.cpp."""

import pathlib
import re
import unittest

from analysis.bandwidth import algorithm_bandwidth, bus_bandwidth, bus_factor
from analysis.results_file import Unreadable

TRAFFIC = pathlib.Path(__file__).resolve().parents[2] / "src" / "comm" / "traffic.hpp"


class Bandwidth(unittest.TestCase):
    def test_algorithm_bandwidth_is_the_message_size_over_time(self):
        self.assertEqual(algorithm_bandwidth("all_reduce", 1e9, 4, 0.5), 2e9)
        for collective in ("all_gather", "gather"):  # four rows
            self.assertEqual(algorithm_bandwidth(collective, 1e9, 4, 0.5), 8e9)

    def test_bus_bandwidth_weighs_by_what_crosses_each_link(self):
        self.assertEqual(bus_bandwidth("all_reduce", 1e9, 4, 1), 1.5e9)
        self.assertEqual(bus_bandwidth("all_gather", 1e9, 4, 1), 3e9)
        self.assertEqual(bus_bandwidth("gather", 1e9, 4, 1), 3e9)
        self.assertEqual(bus_bandwidth("agree", 1e9, 4, 1), 1.5e9)
        self.assertEqual(bus_bandwidth("exchange", 1e9, 4, 1), 0.75e9)
        self.assertEqual(bus_bandwidth("broadcast", 1e9, 4, 1), 1e9)
        self.assertEqual(bus_bandwidth("barrier", 0, 4, 1), 0)

    def test_a_collective_that_is_not_known_is_a_sentence(self):
        with self.assertRaisesRegex(Unreadable, '"scan"; known are agree'):
            bus_factor("scan", 4)

    def test_nothing_timed_and_nobody_else_give_zero(self):
        self.assertEqual(algorithm_bandwidth("broadcast", 1e9, 4, 0), 0)
        self.assertEqual(bus_bandwidth("all_reduce", 1e9, 1, 1), 0)

    def test_every_collective_of_the_program_has_a_bus_factor(self):
        listed = re.search(r"collective_names\{(.*?)\}", TRAFFIC.read_text(), re.DOTALL).group(1)
        names = re.findall(r'"(\w+)"', listed)
        self.assertIn("all_reduce", names)
        for name in names:
            self.assertLessEqual(0, bus_factor(name, 4))


if __name__ == "__main__":
    unittest.main()
