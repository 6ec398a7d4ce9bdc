"""How firmly the lessons' claims hold: every asserted number, over many seeds, beside the range that the lesson allows.

    make soak                                       all lessons, 20 seeds, on the data set of COURSE_DATASET: hours
    python benchmarks/soak.py 04 --seeds 5          one lesson, fewer seeds

prints for every claim how much of its range was used, and ends with exit code 1 if any seed left it. Never part of the tests.
"""

import argparse
import sys
from collections import defaultdict

from ranges import measure

from course_utils import data, metrics
from course_utils.teaching import lessons


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="04", help="default: all")
    parser.add_argument("--seeds", type=int, default=20, help="how many (default: %(default)s)")
    options = parser.parse_args()
    allowed = metrics.RANGES[data.load().name]
    left = 0
    for lesson in lessons.find(*options.lessons):
        values = defaultdict(list)
        for seed in range(1, options.seeds + 1):
            for claim, value in measure(lesson.number, seed).items():
                values[claim].append(value)
        if not values:
            print(f"lesson {lesson.number} asserts no number that a seed could change")
        for claim, seen in values.items():
            low, high = allowed.get(claim, (float("nan"), float("nan")))
            outside = sum(not low <= value <= high for value in seen)
            left += outside
            margin = min(min(seen) - low, high - max(seen)) / (high - low)
            said = f"{min(seen):.4g} to {max(seen):.4g} in {low:.4g} to {high:.4g}, margin {margin:.0%}, {outside} outside"
            print(f"{claim}: {said}", flush=True)
    print(f"{left} outside" if left else "every seed within every range")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
