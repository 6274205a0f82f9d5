"""Routes of proof: the chain of records, minute roots, inclusion paths, keys, and reading recordings again (docs/ref/chain.md)."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Cursor, From, Limit, Out, ProfileName, TimeOut, To, span_in, time_out
from vms.base.timespan import format_time
from vms.owner.integrity import (
    ChainItem,
    ChainOf,
    ChainPage,
    DamageView,
    IntegrityStatus,
    IntegrityView,
    KeyView,
    ProveSegment,
    RootPage,
    Roots,
    RootView,
    ScrubNow,
    ScrubStarted,
    ScrubView,
    SegmentProof,
)

router = APIRouter(tags=["integrity"])
MINUTE_US = 60_000_000


class ChainRecord(Out):
    """`record` is the stored text: its UTF-8 bytes are what is hashed. `value` is the chain's value behind it (hex)."""

    seq: int
    type: str
    minute: int
    record: str
    value: str


class ChainList(Out):
    items: list[ChainRecord]
    next: str | None


class MinuteRoot(Out):
    """`statement` is what `signature` (base64, raw Ed25519 of `key`, hex) signs; `token` (base64) is a TimeStampResp over the signature."""

    minute: int
    at: TimeOut
    tree_size: int
    root: str
    statement: str
    signature: str
    key: str
    late: bool
    stamp: Literal["none", "pending", "stamped"]
    stamped_at: TimeOut | None
    token: str | None


class MinuteRootList(Out):
    items: list[MinuteRoot]
    next: str | None


class ProofStep(Out):
    """`side`: where the neighbour stands, left or right."""

    side: Literal["L", "R"]
    hash: str


class Proof(Out):
    """`root` is null until the minute is over and signed; then `path` leads from `record` to it."""

    segment: str
    record: ChainRecord
    index: int
    path: list[ProofStep]
    root: MinuteRoot | None


class SigningKey(Out):
    """`fingerprint` is the SHA-256 of the key's DER: compare it with what the agency published, not with this answer."""

    number: int
    key: str
    pem: str
    fingerprint: str
    since: TimeOut
    statement: str
    signature: str


class ScrubState(Out):
    """Reading one volume again: the pass that runs, or ran last, and the last whole one."""

    volume: str
    started_at: TimeOut
    segments: int
    bytes: int
    damaged: int
    running: bool
    last_whole_at: TimeOut | None
    last_whole_segments: int


class DamagedPart(Out):
    camera: str
    profile: str
    segment: str
    path: str
    start: TimeOut = Field(alias="from")
    end: TimeOut = Field(alias="to")
    what: str
    found_at: TimeOut


class Integrity(Out):
    """`lag_minutes`: minutes that are over and have no root yet. `damages` holds the newest hundred."""

    root: MinuteRoot | None
    lag_minutes: int
    keys: list[SigningKey]
    stamping: bool
    pending_stamps: int
    last_stamp_at: TimeOut | None
    scrub_bytes_per_second: int
    scrub: list[ScrubState]
    damaged_segments: int
    damages: list[DamagedPart]


class ScrubBegun(Out):
    volumes: list[str]


@router.get("/integrity")
def get_integrity(actor: CurrentActor, context: Context) -> Integrity:
    view: IntegrityView = context.owner.ask(actor, IntegrityStatus())
    return Integrity(
        root=_root(view.root) if view.root else None,
        lag_minutes=view.lag_minutes,
        keys=[_key(key) for key in view.keys],
        stamping=view.stamping,
        pending_stamps=view.pending_stamps,
        last_stamp_at=time_out(view.last_stamp_us),
        scrub_bytes_per_second=view.scrub_bytes_per_s,
        scrub=[_scrub(state) for state in view.scrub],
        damaged_segments=view.damaged_segments,
        damages=[_damage(damage) for damage in view.damages],
    )


@router.get("/integrity/roots")
def list_minute_roots(
    *, start: From, end: To, actor: CurrentActor, context: Context, cursor: Cursor = None, limit: Limit = 100
) -> MinuteRootList:
    span = span_in(start, end)
    page: RootPage = context.owner.ask(actor, Roots(span.start_us, span.end_us, cursor, limit))
    return MinuteRootList(items=[_root(root) for root in page.items], next=page.next)


@router.post("/integrity/scrub", status_code=202)
def start_scrub(actor: CurrentActor, context: Context) -> ScrubBegun:
    """Read every volume's segments again, from the first one."""
    answer: ScrubStarted = context.owner.ask(actor, ScrubNow())
    return ScrubBegun(volumes=list(answer.volumes))


@router.get("/cameras/{camera}/chain")
def get_chain(
    *,
    camera: str,
    start: From,
    end: To,
    actor: CurrentActor,
    context: Context,
    profile: ProfileName = "main",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ChainList:
    """Records from the first to the last that speaks of the span, without a hole; the first one's `prev` is the value to begin with."""
    span = span_in(start, end)
    page: ChainPage = context.owner.ask(actor, ChainOf(camera, profile, span.start_us, span.end_us, cursor, limit))
    return ChainList(items=[_item(item) for item in page.items], next=page.next)


@router.get("/cameras/{camera}/segments/{segment}/proof")
def get_proof(camera: str, segment: Annotated[str, Path(max_length=64)], actor: CurrentActor, context: Context) -> Proof:
    """A segment's record, the root of its minute and the path between them."""
    proof: SegmentProof = context.owner.ask(actor, ProveSegment(camera, segment))
    return Proof(
        segment=proof.segment,
        record=_item(proof.record),
        index=proof.index,
        path=[ProofStep(side=step.side, hash=step.hash.hex()) for step in proof.path],
        root=_root(proof.root) if proof.root else None,
    )


def _item(item: ChainItem) -> ChainRecord:
    return ChainRecord(seq=item.seq, type=item.type, minute=item.minute, record=item.record, value=item.value.hex())


def _root(view: RootView) -> MinuteRoot:
    return MinuteRoot(
        minute=view.minute,
        at=format_time(view.minute * MINUTE_US),
        tree_size=view.tree_size,
        root=view.root.hex(),
        statement=view.statement,
        signature=b64encode(view.signature).decode(),
        key=view.key.hex(),
        late=view.late,
        stamp=view.stamp,
        stamped_at=time_out(view.stamped_us),
        token=b64encode(view.token).decode() if view.token else None,
    )


def _key(view: KeyView) -> SigningKey:
    return SigningKey(
        number=view.number,
        key=view.key.hex(),
        pem=view.pem,
        fingerprint=view.fingerprint,
        since=format_time(view.since_us),
        statement=view.statement,
        signature=b64encode(view.signature).decode(),
    )


def _scrub(view: ScrubView) -> ScrubState:
    return ScrubState(
        volume=view.volume,
        started_at=format_time(view.started_us),
        segments=view.segments,
        bytes=view.bytes,
        damaged=view.damaged,
        running=view.running,
        last_whole_at=time_out(view.last_whole_us),
        last_whole_segments=view.last_whole_segments,
    )


def _damage(view: DamageView) -> DamagedPart:
    told = view._asdict() | {"from": format_time(view.start_us), "to": format_time(view.end_us), "found_at": format_time(view.found_us)}
    return DamagedPart.model_validate(told)
