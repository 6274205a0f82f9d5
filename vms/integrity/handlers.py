"""Answers about proof: chain, roots, inclusion paths, how it all stands. Requests and values are owner's (owner.integrity)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, Span
from vms.integrity import keys, merkle, roots, stamps
from vms.integrity.models import MinuteRoot, NodeKey, Stamp
from vms.integrity.statement import fingerprint, public_pem
from vms.owner.ask import Owner
from vms.owner.integrity import (
    ChainItem,
    ChainOf,
    ChainPage,
    DamageView,
    IntegrityStatus,
    IntegrityView,
    KeyView,
    PathStep,
    ProveSegment,
    RootPage,
    Roots,
    RootView,
    ScrubView,
    SegmentProof,
)
from vms.owner.requests import Actor
from vms.record import chain_rows, damages
from vms.record.chain import MINUTE_US, Stream
from vms.record.models import ChainRecord, Damage, ScrubPass

MOST = 500
SHOWN_DAMAGES = 100

CameraId = Callable[[Session, str], str]
"""A camera by id or code, also a removed one. Raises NOT_FOUND."""


class Proofs:
    """The handlers, with what they ask bound to them."""

    def __init__(self, camera_id: CameraId, clock: Clock, *, stamping: bool, scrub_bytes_per_s: int) -> None:
        self._camera_id = camera_id
        self._clock = clock
        self._stamping = stamping
        self._scrub_bytes_per_s = scrub_bytes_per_s

    def chain(self, session: Session, actor: Actor, request: ChainOf) -> ChainPage:
        stream = Stream(self._camera_id(session, request.camera), request.profile)
        span, limit = _span(request.from_us, request.to_us), _limit(request.limit)
        seqs = chain_rows.seqs_of_span(session, stream, span)
        if seqs is None:
            return ChainPage((), None)
        after = max(seqs[0] - 1, _cursor(request.cursor))
        rows = chain_rows.page_of(session, stream, after, seqs[1], limit + 1)
        more = str(rows[limit - 1].seq) if len(rows) > limit else None
        return ChainPage(tuple(map(_item, rows[:limit])), more)

    def prove(self, session: Session, actor: Actor, request: ProveSegment) -> SegmentProof:
        camera = self._camera_id(session, request.camera)
        row = chain_rows.record_of_segment(session, camera, _uuid(request.segment))
        signed = roots.roots_of(session, row.minute, row.minute, 1)
        if not signed:
            return SegmentProof(request.segment, _item(row), 0, (), None)
        leaves = chain_rows.leaves(session, row.minute, row.minute)[row.minute]
        index = leaves.index(row.record)
        path = tuple(PathStep(step.side, step.hash) for step in merkle.inclusion_path(leaves, index))
        return SegmentProof(request.segment, _item(row), index, path, self._views(session, signed)[0])

    def roots(self, session: Session, actor: Actor, request: Roots) -> RootPage:
        span, limit = _span(request.from_us, request.to_us), _limit(request.limit)
        first = max(span.start_us // MINUTE_US, _cursor(request.cursor) + 1)
        rows = roots.roots_of(session, first, (span.end_us - 1) // MINUTE_US, limit + 1)
        more = str(rows[limit - 1].minute) if len(rows) > limit else None
        return RootPage(tuple(self._views(session, rows[:limit])), more)

    def status(self, session: Session, actor: Actor, request: IntegrityStatus) -> IntegrityView:
        newest = roots.newest(session)
        minutes = roots.due(session, self._clock.wall_us())
        return IntegrityView(
            root=self._views(session, [newest])[0] if newest else None,
            lag_minutes=self._clock.wall_us() // MINUTE_US - minutes[0] if minutes else 0,
            keys=tuple(map(_key, keys.used_keys(session))),
            stamping=self._stamping,
            pending_stamps=stamps.count_pending(session),
            last_stamp_us=stamps.last_stamped_us(session),
            scrub_bytes_per_s=self._scrub_bytes_per_s,
            scrub=tuple(map(_scrub, damages.passes(session))),
            damaged_segments=damages.count_damages(session),
            damages=tuple(map(_damage, damages.newest_damages(session, SHOWN_DAMAGES))),
        )

    def _views(self, session: Session, rows: Sequence[MinuteRoot]) -> list[RootView]:
        known = stamps.stamps_of(session, [row.minute for row in rows])
        return [_root(row, known.get(row.minute)) for row in rows]


def register(owner: Owner, proofs: Proofs) -> None:
    """Bind the handlers of this package's requests."""
    owner.register(ChainOf, proofs.chain)
    owner.register(ProveSegment, proofs.prove)
    owner.register(Roots, proofs.roots)
    owner.register(IntegrityStatus, proofs.status)


def _item(row: ChainRecord) -> ChainItem:
    return ChainItem(row.seq, row.type, row.minute, row.record.decode(), row.value)


def _root(row: MinuteRoot, stamp: Stamp | None) -> RootView:
    return RootView(
        minute=row.minute,
        tree_size=row.tree_size,
        root=row.root,
        statement=row.statement.decode(),
        signature=row.signature,
        key=row.key,
        late=row.late,
        stamp="none" if stamp is None else "stamped" if stamp.token else "pending",
        stamped_us=stamp.tsa_us if stamp else None,
        token=stamp.token if stamp else None,
    )


def _key(row: NodeKey) -> KeyView:
    pem = public_pem(row.key)
    return KeyView(row.number, row.key, pem, fingerprint(row.key), row.since_us, row.statement.decode(), row.signature)


def _scrub(row: ScrubPass) -> ScrubView:
    running = row.finished_started_us != row.started_us
    return ScrubView(row.volume, row.started_us, row.segments, row.bytes, row.damaged, running, row.finished_us, row.finished_segments)


def _damage(row: Damage) -> DamageView:
    return DamageView(row.camera_id, row.profile, row.segment_id, row.path, row.start_us, row.end_us, row.what, row.found_us)


def _span(from_us: int, to_us: int) -> Span:
    if not 0 <= from_us < to_us <= MAX_US:
        raise VmsError(Kind.BAD_REQUEST, "give a span: from before to", from_us=from_us, to_us=to_us)
    return Span(from_us, to_us)


def _limit(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise VmsError(Kind.BAD_REQUEST, f"limit must be 1 to {MOST}", limit=limit)
    return limit


def _cursor(cursor: str | None) -> int:
    """The last number of the page before; −1 for the first page."""
    if cursor is None:
        return -1
    if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18:
        return int(cursor)
    raise VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out: begin without it")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise VmsError(Kind.NOT_FOUND, "the chain does not know this segment", segment=text[:64]) from error
