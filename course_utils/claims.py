"""Compare what a lesson claims about a trained model with a range measured over several seeds."""

import json
from pathlib import Path

RANGES = json.loads((Path(__file__).parent / "expected.json").read_text(encoding="utf-8"))


def expect(claim: str, value: float, dataset: str) -> None:
    """Print a measured value beside the range to expect from runs with other seeds.

    Args:
        claim: its name in `expected.json`, where the ranges stand; begins with the lesson's number.
        value: what was measured.
        dataset: name of the data set; on a set without a range the value is printed alone.

    Raises:
        KeyError: if no data set has a range for this claim.
        AssertionError: if the value is outside the range, or NaN.
    """
    if not any(claim in ranges for ranges in RANGES.values()):
        raise KeyError(f"no range for {claim!r} in expected.json, on any data set")
    name = claim.split(maxsplit=1)[1]  # without the lesson's number
    low, high = RANGES.get(dataset, {}).get(claim, (None, None))
    if low is None:
        print(f"{name}: {value:.3g}")
        return
    print(f"{name}: {value:.3g} (with other seeds or on other machines: {low} to {high})")
    assert low <= value <= high, (
        f"{claim}: {value:.4g} is outside {low} to {high}, the range on {dataset}"
    )
