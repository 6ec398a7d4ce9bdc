"""What a lesson claims about a trained model, held against a range that several seeds gave."""

import json
from pathlib import Path

RANGES = json.loads((Path(__file__).parent / "expected.json").read_text(encoding="utf-8"))


def expect(claim: str, value: float, dataset: str) -> None:
    """Say what was measured beside what is expected on this data set; AssertionError outside the
    range.

    The ranges stand in `expected.json`, per data set; on a set without one the measured value is
    printed alone.
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
