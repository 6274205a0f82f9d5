"""The recorder of one camera profile: a subscriber of its stream that costs the event loop an append.

In: the bounded list between the event loop and the volume's thread, dropping whole GOPs when the disk does not keep up.
Not here: what is written (segment_writer), the thread (volume_writer).
"""

from __future__ import annotations

from vms.media.types import Chunk
from vms.record.kinds import RecordItem
from vms.stream.stream import End, Gap

MAX_PENDING_BYTES = 32 * 1024 * 1024


class Recorder:
    """`put` and `take` belong to the event loop; `written_bytes` is counted up by the volume's thread and only read here.

    Attach it before the run begins, or with `cached=False`: a cached GOP that is already on the disk would be recorded twice.
    """

    def __init__(self, camera: str, profile: str, max_pending_bytes: int = MAX_PENDING_BYTES) -> None:
        self.camera = camera
        self.profile = profile
        self.written_bytes = 0
        self.dropped_frames = 0
        self.ended = False
        self.pressing = False  # several frames came at once: no more for a while, so they need not wait for a tick
        self._max_pending_bytes = max_pending_bytes
        self._taken_in_bytes = 0
        self._pending: list[RecordItem] = []
        self._dropping = False

    @property
    def pending_bytes(self) -> int:
        return self._taken_in_bytes - self.written_bytes

    def put(self, item: RecordItem, now_us: int) -> None:
        if isinstance(item, Chunk):
            if self._dropping and not self._may_go_on(item):
                self.dropped_frames += item.frames
                return
            self._taken_in_bytes += len(item.data)
            if self._taken_in_bytes - self.written_bytes > self._max_pending_bytes:
                self._drop(item)
                return
            if item.frames > 1:
                self.pressing = True
        self._pending.append(item)

    def stop(self, cause: str) -> None:
        """The last item: its segment closes, and the volume's thread forgets the recorder."""
        if not self.ended:
            self._pending.append(End(cause))
            self.ended = True

    def take(self) -> list[RecordItem]:
        """What came since the last call, for the volume's thread."""
        pending = self._pending
        if pending:
            self._pending = []
            self.pressing = False
        return pending

    def _may_go_on(self, chunk: Chunk) -> bool:
        """Only at a key frame, and only when half of the room is free again."""
        if chunk.key and self.pending_bytes < self._max_pending_bytes // 2:
            self._dropping = False
        return not self._dropping

    def _drop(self, chunk: Chunk) -> None:
        self._taken_in_bytes -= len(chunk.data)
        self.dropped_frames += chunk.frames
        self._dropping = True
        self._pending.append(Gap("overload_drop"))
