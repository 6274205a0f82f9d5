"""The decode child seen from a process that wants pictures: started when first needed, ended when over time, started again.

In: one child at a time from root, jobs one after another, back-off after each end (1 s, doubled to
60 s while children end without a picture), streams that end it again and again
left out. What the child says is bounded and judged (protocol). Not here: which picture (api), walls (walls), starting (spawn, root).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.base.timespan import SECOND_US
from vms.decode.protocol import ANSWER, Failed, Hello, Job, Picture, job_bytes, read_body, read_head
from vms.decode.walls import WALLS

JOB_S = 4.0
START_S = 10.0
MAX_WAITING = 64
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
BLAMED_US = 600 * SECOND_US
BLAMED_ENDS = 2
MAX_BLAMED = 256
_ENDED = struct.Struct(">i")
State = Literal["idle", "starting", "ready", "waiting"]


class Child:
    """A running decode child: its socket as streams, and the handles that end it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pidfd: int, root: socket.socket) -> None:
        self.reader, self.writer = reader, writer
        self._pidfd, self._root = pidfd, root

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def ended(self) -> int | None:
        """How it ended, as root tells it; closes everything."""
        self.writer.close()
        os.close(self._pidfd)
        try:
            told = await asyncio.to_thread(self._root.recv, _ENDED.size)
        except OSError:
            told = b""
        self._root.close()
        return int(_ENDED.unpack(told)[0]) if len(told) == _ENDED.size else None


async def start(path: str) -> Child:
    """A new child from root. Raises UNAVAILABLE."""
    root = socket.socket(socket.AF_UNIX)
    root.settimeout(START_S)
    try:
        await asyncio.to_thread(root.connect, path)
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, root, 1, 2)
        if len(descriptors) != 2:
            raise OSError("root could not start it")
        root.settimeout(2.0)
        reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=descriptors[0]))
    except OSError as error:
        root.close()
        raise VmsError(Kind.UNAVAILABLE, "the decoder cannot be started", error=str(error)) from error
    except asyncio.CancelledError:
        root.close()  # which tells root that nobody wants the child
        raise
    return Child(reader, writer, descriptors[1], root)


@dataclass
class _Asked:
    job: Job
    stream: str
    answer: asyncio.Future[Picture | Failed] = field(repr=False)


@dataclass
class DecoderStatus:
    """What consoles may know: `walls` as the last child told them, `ends` by cause since this process began."""

    state: State = "idle"
    walls: dict[str, str] = field(default_factory=dict[str, str])
    library: str = ""
    ends: dict[str, int] = field(default_factory=dict[str, int])


class Decoder:
    """`picture` from any task of the loop; `run` keeps the child."""

    def __init__(self, path: str, clock: Clock, *, without_filter: bool = False, jobs_s: float = JOB_S) -> None:
        """`without_filter`: work also where the machine has no system-call filter."""
        self.status = DecoderStatus()
        self._path = path
        self._clock = clock
        self._without_filter = without_filter
        self._jobs_s = jobs_s
        self._waiting: deque[_Asked] = deque()
        self._wanted = asyncio.Event()
        self._ready_at_us = 0
        self._current: _Asked | None = None
        self._useful = False  # this child has decoded something
        self._blamed: OrderedDict[str, deque[int]] = OrderedDict()
        self._log = get_log("decoder")

    async def picture(self, stream: str, job: Job) -> Picture:
        """`stream` names whose picture it is, so that one that ends the child again and again harms only itself.

        Raises UNAVAILABLE (with `retry_after_s`), LIMIT, PROTOCOL.
        """
        self._check(stream)
        asked = _Asked(job, stream, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._wanted.set()
        answer = await asked.answer
        if isinstance(answer, Failed):
            raise VmsError(Kind.PROTOCOL, "this picture cannot be decoded", reason=answer.reason)
        return answer

    async def run(self) -> None:
        """One child after another, from the first job on."""
        failures = 0
        await self._wanted.wait()
        while True:
            self._useful = False
            cause, detail = await self._life()
            failures = 1 if self._useful else failures + 1
            wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]
            self.status.ends[cause] = self.status.ends.get(cause, 0) + 1
            self._log.warning("the decoder ended", cause=cause, detail=detail, stream=self._current and self._current.stream, wait_s=wait_s)
            self._lost(cause, wait_s)
            await self._clock.sleep(wait_s)

    def _check(self, stream: str) -> None:
        now_us = self._clock.mono_us()
        if self.status.state == "waiting" and now_us < self._ready_at_us:
            raise _away((self._ready_at_us - now_us) / SECOND_US)
        if len(self._waiting) >= MAX_WAITING:
            raise VmsError(Kind.OVERLOAD, "too many pictures are asked for at once", retry_after_s=1)
        ends = self._blamed.get(stream)
        if ends is not None and len(ends) >= BLAMED_ENDS and now_us - ends[-1] < BLAMED_US:
            raise VmsError(Kind.PROTOCOL, "pictures of this stream have ended the decoder again and again; it is left out for a while")

    async def _life(self) -> tuple[str, str]:
        """One child from start to end: the cause and what is known of it."""
        self.status.state = "starting"
        try:
            child = await start(self._path)
        except VmsError as error:
            return "start", str(error.facts.get("error"))
        said: VmsError | None = None
        try:
            async with asyncio.timeout(START_S):
                hello = await _read(child.reader, 0)
            self._greet(hello)
            await self._work(child)
        except VmsError as error:
            said = error
        except TimeoutError:
            said = VmsError(Kind.TIMEOUT, "no answer in time")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it ended: root tells how
        finally:
            child.kill()
            code = await child.ended()
        return _cause(said, code), said.message if said else f"exit {code}"

    def _greet(self, hello: Hello | Picture | Failed) -> None:
        if not isinstance(hello, Hello):
            raise VmsError(Kind.PROTOCOL, "the decoder did not greet")
        missing = {wall: hello.walls.get(wall, "not told") for wall in WALLS if hello.walls.get(wall, "not told")}
        self.status.walls, self.status.library = {wall: missing.get(wall, "") for wall in WALLS}, hello.library
        if missing:
            self._log.warning("walls of the decoder are missing", **missing)
        if "calls" in missing and not self._without_filter:
            raise VmsError(Kind.CONFIG, "this machine has no system-call filter for the decoder; see decode.without_filter")
        self.status.state = "ready"

    async def _work(self, child: Child) -> None:
        """Jobs until the child ends. Raises what ends it."""
        number = 0
        answer = asyncio.ensure_future(_read(child.reader, 1))
        try:
            while True:
                await self._next_job(answer)
                number += 1
                asked = self._current = self._waiting.popleft()
                child.writer.write(job_bytes(number, asked.job))
                found = await asyncio.wait_for(answer, self._jobs_s)
                if not asked.answer.done() and not isinstance(found, Hello):
                    asked.answer.set_result(found)
                self._current, self._useful = None, self._useful or isinstance(found, Picture)
                answer = asyncio.ensure_future(_read(child.reader, number + 1))
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def _next_job(self, answer: asyncio.Future[Hello | Picture | Failed]) -> None:
        """Until somebody asks. A child that speaks or ends meanwhile is over."""
        while True:
            while self._waiting and self._waiting[0].answer.done():  # who asked has left
                self._waiting.popleft()
            if self._waiting and not answer.done():
                return
            self._wanted.clear()
            wanted = asyncio.ensure_future(self._wanted.wait())
            try:
                await asyncio.wait((wanted, answer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                wanted.cancel()
            if answer.done():
                answer.result()
                raise VmsError(Kind.PROTOCOL, "the decoder speaks unasked")

    def _lost(self, cause: str, wait_s: float) -> None:
        """Nobody waits for a child that is not there."""
        self.status.state, self._ready_at_us = "waiting", self._clock.mono_us() + int(wait_s * SECOND_US)
        asked, self._current = self._current, None
        if asked is not None:
            self._blame(asked.stream)
        for left in ([asked] if asked else []) + list(self._waiting):
            if not left.answer.done():
                left.answer.set_exception(_away(wait_s))
        self._waiting.clear()

    def _blame(self, stream: str) -> None:
        self._blamed.setdefault(stream, deque(maxlen=BLAMED_ENDS)).append(self._clock.mono_us())
        self._blamed.move_to_end(stream)
        if len(self._blamed) > MAX_BLAMED:
            self._blamed.popitem(last=False)


async def _read(reader: asyncio.StreamReader, number: int) -> Hello | Picture | Failed:
    head = read_head(await reader.readexactly(ANSWER.size), number)
    return read_body(head, await reader.readexactly(head.size))


def _cause(said: VmsError | None, code: int | None) -> str:
    if said is not None:
        return {Kind.TIMEOUT: "time", Kind.CONFIG: "walls"}.get(said.kind, "protocol")
    if code == -signal.SIGSYS:
        return "forbidden_call"
    return "crash" if code else "tired"


def _away(wait_s: float) -> VmsError:
    return VmsError(Kind.UNAVAILABLE, "the decoder is starting again; try again in a moment", retry_after_s=max(1, round(wait_s + 0.49)))
