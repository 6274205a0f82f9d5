"""Facts are small JSON values with one type each."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from vms.base.journal import Fact
from vms.events import Event
from vms.facts import FACTS, PACKAGES
from vms.processes.facts import CameraState
from vms.record.facts import RecordingGap


def test_a_fact_names_its_subject_and_gives_the_rest_as_data() -> None:
    fact: Fact = RecordingGap("c1", "main", 10, 20, "network")
    assert (fact.type, fact.subject_kind, fact.subject_id) == ("recording.gap", "camera", "c1")
    assert fact.data() == {"profile": "main", "from_us": 10, "to_us": 20, "cause": "network", "detail": ""}


def test_equal_facts_are_equal_and_cannot_be_changed() -> None:
    fact = CameraState("c1", "main", "online")
    assert fact == CameraState("c1", "main", "online")
    with pytest.raises(AttributeError):
        setattr(fact, "state", "offline")  # noqa: B010 the point of the test


@pytest.mark.parametrize("fact_type", FACTS.values())
def test_every_fact_is_json_and_has_a_dotted_type(fact_type: type[Event]) -> None:
    values: dict[Any, Any] = {str: "text", int: 1, bool: True, tuple[str, ...]: ("a",), int | None: 1}
    hints = {n: h for n, h in get_type_hints(fact_type).items() if n not in ("type", "subject_kind")}
    fact = fact_type(**{name: values[hint] for name, hint in hints.items()})
    assert json.loads(json.dumps(fact.data())).keys() == hints.keys() - {"subject_id"}
    assert fact.type.count(".") == 1
    assert fact.subject_kind


def test_every_fact_of_every_package_is_joined_once() -> None:
    root = Path(__file__).parents[1]
    paths = [path.relative_to(root).with_suffix("") for path in (root / "vms").rglob("facts.py")]
    values = [value for path in paths for value in vars(import_module(".".join(path.parts))).values()]
    facts = {value for value in values if isinstance(value, type) and issubclass(value, Event) and value is not Event}
    assert facts == set(FACTS.values())
    assert sum(len(package.FACTS) for package in PACKAGES) == len(FACTS)
