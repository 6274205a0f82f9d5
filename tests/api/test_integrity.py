"""Routes of proof: stored texts come out as they are, bytes as hex or base64, times as the contract has them."""

from __future__ import annotations

from tests.api.fakes import BEARER, NOON_US, FakeNode
from vms.owner.integrity import (
    ChainItem,
    ChainOf,
    ChainPage,
    IntegrityStatus,
    IntegrityView,
    PathStep,
    ProveSegment,
    RootPage,
    Roots,
    RootView,
    ScrubNow,
    ScrubStarted,
    SegmentProof,
)

SPAN = f"from={NOON_US}&to={NOON_US + 60_000_000}"
ITEM = ChainItem(1, "gap", 29_627_280, '{"detail":"无信号"}', b"\x01" * 32)
ROOT = RootView(29_627_280, 1, b"\x02" * 32, "{}", b"sig", b"\x03" * 32, late=False, stamp="stamped", stamped_us=NOON_US, token=b"tsr")


def test_chain_records_come_out_as_stored() -> None:
    node = FakeNode()
    node.owner.answers[ChainOf] = ChainPage((ITEM,), "1")
    answer = node.client.get(f"/api/v1/cameras/c1/chain?{SPAN}&profile=sub&limit=1", headers=BEARER)
    assert node.owner.last == ChainOf("c1", "sub", NOON_US, NOON_US + 60_000_000, None, 1)
    item = {"seq": 1, "type": "gap", "minute": 29_627_280, "record": '{"detail":"无信号"}', "value": "01" * 32}
    assert answer.json() == {"items": [item], "next": "1"}


def test_a_root_carries_what_openssl_needs() -> None:
    node = FakeNode()
    node.owner.answers[Roots] = RootPage((ROOT,), None)
    (item,) = node.client.get(f"/api/v1/integrity/roots?{SPAN}", headers=BEARER).json()["items"]
    assert (item["signature"], item["token"], item["key"]) == ("c2ln", "dHNy", "03" * 32)
    assert (item["at"], item["stamped_at"]) == ("2026-05-01T12:00:00.000000Z", "2026-05-01T12:00:00.000000Z")


def test_a_proof_without_a_root_yet_says_so() -> None:
    node = FakeNode()
    node.owner.answers[ProveSegment] = SegmentProof("s1", ITEM, 0, (PathStep("L", b"\x04" * 32),), None)
    answer = node.client.get("/api/v1/cameras/c1/segments/s1/proof", headers=BEARER).json()
    assert node.owner.last == ProveSegment("c1", "s1")
    assert (answer["root"], answer["path"]) == (None, [{"side": "L", "hash": "04" * 32}])


def test_a_new_node_has_no_root_and_nothing_damaged() -> None:
    node = FakeNode()
    nothing = IntegrityView(
        root=None,
        lag_minutes=0,
        keys=(),
        stamping=False,
        pending_stamps=0,
        last_stamp_us=None,
        scrub_bytes_per_s=8,
        scrub=(),
        damaged_segments=0,
        damages=(),
    )
    node.owner.answers[IntegrityStatus] = nothing
    answer = node.client.get("/api/v1/integrity", headers=BEARER).json()
    assert (answer["root"], answer["last_stamp_at"], answer["damages"]) == (None, None, [])


def test_a_scrub_can_be_asked_for() -> None:
    node = FakeNode()
    node.owner.answers[ScrubNow] = ScrubStarted(("v1",))
    answer = node.client.post("/api/v1/integrity/scrub", headers=BEARER)
    assert (answer.status_code, answer.json()) == (202, {"volumes": ["v1"]})
