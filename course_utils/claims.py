"""Compare what a lesson claims about a trained model with a range measured over several seeds."""

import json
from pathlib import Path

RANGES = json.loads((Path(__file__).parent / "expected.json").read_text(encoding="utf-8"))


def expect(claim: str, value: float, dataset: str) -> None:
    """Print a measured value beside the range it is expected in, and raise an error outside of it.

    The ranges stand in `expected.json`, per data set. On a data set without a range for this claim,
    the value is printed and accepted.

    Args:
        claim: the claim's name in `expected.json`.
        value: what was measured.
        dataset: name of the data set, e.g. "mnist".

    Raises:
        KeyError: where no data set has a range for this claim.
        AssertionError: where the value is outside its range, or NaN.
    """
    if not any(claim in ranges for ranges in RANGES.values()):
        raise KeyError(f"no range for {claim!r} in expected.json, on any data set")
    low, high = RANGES.get(dataset, {}).get(claim, (None, None))
    if low is None:
        print(f"{claim}: {value:.4g} (no range is known for {dataset})")
        return
    print(f"{claim}: {value:.4g}, expected {low} to {high} on {dataset}")
    assert low <= value <= high, (
        f"{claim}: {value:.4g} is outside {low} to {high}, the range on {dataset}"
    )
