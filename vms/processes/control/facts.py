"""The journal's feed in the API's words. Not here: reading and waiting (base.feed)."""

from __future__ import annotations

from collections.abc import Sequence

from vms.api.context import FactView
from vms.base.feed import Feed, fact_id
from vms.base.journal import SealedFact


class JournalFacts:
    """`api.context.Facts` of this node."""

    def __init__(self, feed: Feed, node_id: str) -> None:
        self._feed = feed
        self._node_id = node_id
        self.mark = feed.mark
        self.wait = feed.wait
        self.newest = feed.newest

    def read(self, after: str | None, types: Sequence[str], limit: int) -> Sequence[FactView]:
        return [self._view(fact) for fact in self._feed.read(after, types, limit)]

    def _view(self, fact: SealedFact) -> FactView:
        return FactView(
            id=fact_id(fact.position),
            epoch=fact.epoch,
            seq=fact.seq,
            type=fact.type,
            at_us=fact.at_us,
            node_id=self._node_id,
            subject_kind=fact.subject_kind,
            subject_id=fact.subject_id,
            data=fact.data,
        )
