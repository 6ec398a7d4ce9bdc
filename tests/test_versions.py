"""What pyproject.toml allows, what requirements-dev.txt pins, and what the oldest environment holds
fit together.
"""

import re
import sys

import versions
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def declared() -> list[Requirement]:
    project = tomllib.loads((versions.ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    lines = project["dependencies"] + [
        line for extra in project["optional-dependencies"].values() for line in extra
    ]
    return [asked for asked in map(Requirement, lines) if asked.name != project["name"]]


def test_the_lock_pins_what_is_declared_and_every_pin_has_hashes():
    text = (versions.ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?! )", text.strip())
    pins: dict[str, list[Requirement]] = {}
    for entry in entries:
        pin, *hashes = entry.split(" \\\n    --hash=")
        pins.setdefault(Requirement(pin).name, []).append(Requirement(pin))
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin
    for asked in declared():
        assert asked.name in pins, f"{asked.name} is not in requirements-dev.txt: make lock"
        for pin in pins[asked.name]:
            (version,) = (each.version for each in pin.specifier)
            assert asked.specifier.contains(version), (
                f"{asked} is declared, {pin} is locked: make lock"
            )


def test_the_oldest_environment_has_every_lower_bound_and_nothing_else():
    pins = {pin.name: pin for pin in map(Requirement, versions.oldest())}
    assert len(pins) == len(versions.oldest())
    assert pins.keys() == {asked.name for asked in declared() if not asked.marker}
    for asked in declared():
        (bound,) = asked.specifier
        assert bound.operator == ">=", f"{asked}: lower bounds only"
        stricter = [other for other in declared() if other.name == asked.name and other != asked]
        assert asked.marker or stricter or pins[asked.name].specifier.contains(bound.version)


def test_colab_meets_the_bounds_of_what_a_lesson_imports():
    text = versions.COLAB.read_text(encoding="utf-8")
    there = {
        pin.name: next(iter(pin.specifier)).version
        for pin in map(Requirement, text.splitlines()[1:])
    }
    for asked in map(Requirement, versions.of_a_lesson()):
        assert asked.specifier.contains(there[asked.name]), (
            f"Colab has {asked.name} {there[asked.name]}, asked for is {asked}"
        )


def test_a_list_of_colabs_gives_only_what_a_lesson_needs(tmp_path, monkeypatch, capsys):
    listed = tmp_path / "list.txt"
    listed.write_text(
        "# all of it\ntorch==2.99.0+cu130\nScikit_Learn==1.9\nnumpy==3.1\n"
        "spacy==4.0\nnvidia-nccl-cu13==2.3\n"
    )
    monkeypatch.setattr(versions, "COLAB", tmp_path / "colab.txt")
    assert versions.refresh(listed) == 0
    assert versions.COLAB.read_text().splitlines()[1:] == [
        "numpy==3.1",
        "scikit-learn==1.9",
        "torch==2.99.0",
    ]
