"""The numbers of a table: means over repeats with their spread, which is best, and differences within seeds."""

import dataclasses
import math
import statistics


@dataclasses.dataclass
class Cell:
    """`values` are {repeat: number} of what is there."""

    values: dict
    mark: str = ""  # "best", "near" (within the spread of the best), or ""

    @property
    def count(self):
        return len(self.values)

    @property
    def mean(self):
        return statistics.fmean(self.values.values()) if self.values else math.nan

    @property
    def spread(self):
        """The standard deviation over repeats; not a number of a single one."""
        return statistics.stdev(self.values.values()) if self.count > 1 else math.nan

    def words(self, measure):
        if not self.values:
            return "-"
        alone = self.count == 1 or (measure.exact and self.spread == 0)
        return measure.show(self.mean) + ("" if alone else f" ± {measure.show(self.spread, self.mean)}")


def cell(group, measure):
    """Of the finished runs of one group; what is no number is left out."""
    found = {repeat: measure.find(run) for repeat, run in group.repeats.items() if run.finished}
    return Cell({repeat: value for repeat, value in found.items() if math.isfinite(value)})


def mark_best(cells, better):
    """The best mean is marked, and those that lie no further from it than its own spread."""
    there = [one for one in cells if one.values]
    if len(there) < 2:
        return
    best = max(there, key=lambda one: better * one.mean)
    for one in there:
        if one is best:
            one.mark = "best"
        elif best.count > 1 and abs(one.mean - best.mean) <= best.spread:
            one.mark = "near"


def paired(one, other):
    """(mean, standard deviation, number) of the differences one - other within repeats that both have; None if none."""
    both = [repeat for repeat in one.values if repeat in other.values]
    if not both:
        return None
    differences = [one.values[repeat] - other.values[repeat] for repeat in both]
    spread = statistics.stdev(differences) if len(both) > 1 else math.nan
    return statistics.fmean(differences), spread, len(both)
