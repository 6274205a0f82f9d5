"""The OpenAPI document: committed, sorted, complete, with names that a generated client keeps."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.api.fakes import FakeNode
from vms.api.app import bare_app
from vms.api.document import build, text
from vms.api.openapi import COMMITTED


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_the_committed_document_is_what_the_routes_say() -> None:
    assert COMMITTED.read_text("utf-8") == text(bare_app()), "run python -m vms.api.openapi --write"


def test_the_document_is_served_to_anybody() -> None:
    served = FakeNode().client.get("/api/v1/openapi.json")
    assert served.json() == json.loads(COMMITTED.read_text("utf-8"))
    assert served.json()["openapi"].startswith("3.1")


def test_names_of_operations_are_unique() -> None:
    names = [operation["operationId"] for operation in operations(build(bare_app()))]
    assert len(set(names)) == len(names) > 25


def test_every_error_is_a_problem() -> None:
    for operation in operations(build(bare_app())):
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert "422" not in operation["responses"]


def test_every_reference_resolves() -> None:
    document = build(bare_app())
    references: set[str] = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))
    assert "Problem" in references
    assert references <= set(document["components"]["schemas"])
