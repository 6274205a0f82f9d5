"""A TCP and UDP proxy that harms what passes: delayed, thinned, cut, swallowed, garbled, doubled, dripped.

Each connection has a `Policy` for each direction; a seed makes chances repeat; every action is logged with its monotonic time. Policies
may change while connections live. Not here: when which policy holds (nemesis, tests).
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

UP, DOWN = "up", "down"  # from the client, to the client
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens to the bytes of one direction. Chances are per piece (TCP: what one read gives; UDP: a datagram)."""

    delay_s: float = 0.0
    rate_bytes_s: int = 0
    """0: no limit."""
    drip: bool = False
    """One byte at a time; with `rate_bytes_s`."""
    swallow: bool = False
    """Half-open: everything is read and nothing arrives."""
    garble: float = 0.0
    """Chance that one bit of a piece flips."""
    duplicate: float = 0.0
    drop: float = 0.0
    """UDP only: TCP would mend it."""
    reorder: float = 0.0
    """UDP only: a datagram waits for the next one."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Of one connection."""

    up: Policy = field(default_factory=Policy)
    down: Policy = field(default_factory=Policy)

    def of(self, way: str) -> Policy:
        return self.up if way == UP else self.down


CLEAN = Policies()
HALF_OPEN = Policies(Policy(swallow=True), Policy(swallow=True))


class Action(NamedTuple):
    """One harm done; `t` is monotonic seconds."""

    t: float
    connection: int
    way: str
    what: str


@dataclass(slots=True)
class _Connection:
    number: int
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    task: asyncio.Task[None] | None = None

    def writer(self, way: str) -> asyncio.StreamWriter:
        return self.server if way == UP else self.client


class _Proxy:
    def __init__(self, target: tuple[str, int], seed: int, policies: Policies = CLEAN) -> None:
        self.target = target
        self.policies = policies
        self.log: list[Action] = []
        self._chance = random.Random(seed)
        self._numbers = 0

    def counts(self) -> Counter[str]:
        return Counter(action.what for action in self.log)

    def _note(self, connection: int, way: str, what: str) -> None:
        self.log.append(Action(time.monotonic(), connection, way, what))

    def _harmed(self, connection: int, way: str, policy: Policy, data: bytes) -> list[bytes]:
        """The pieces to send for this one."""
        if data and policy.garble and self._chance.random() < policy.garble:
            self._note(connection, way, "garble")
            at = self._chance.randrange(8 * len(data))
            changed = bytearray(data)
            changed[at // 8] ^= 1 << at % 8
            data = bytes(changed)
        if policy.duplicate and self._chance.random() < policy.duplicate:
            self._note(connection, way, "duplicate")
            return [data, data]
        return [data]


class TcpProxy(_Proxy):
    """`async with`; `port` is where clients connect."""

    port = 0

    async def __aenter__(self) -> TcpProxy:
        self._connections: dict[int, _Connection] = {}
        self._refusing = False
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=PIECE_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*(c.task for c in self._connections.values() if c.task), return_exceptions=True)

    @property
    def living(self) -> int:
        return len(self._connections)

    def refuse(self, refusing: bool) -> None:
        """New connections are reset at once."""
        self._refusing = refusing

    def cut(self, *, reset: bool = True, connection: int | None = None) -> int:
        """End living connections, by RST or by FIN; how many."""
        chosen = [c for c in self._connections.values() if connection in (None, c.number)]
        for one in chosen:
            self._note(one.number, "both", "rst" if reset else "fin")
            for writer in (one.client, one.server):
                _end(writer, reset=reset)
        return len(chosen)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._numbers += 1
        number = self._numbers
        if self._refusing:
            self._note(number, "both", "refuse")
            _end(writer, reset=True)
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(*self.target, limit=PIECE_BYTES)
        except OSError:
            self._note(number, "both", "no target")
            _end(writer, reset=True)
            return
        one = _Connection(number, writer, server_writer, asyncio.current_task())
        self._connections[number] = one
        pumps = [asyncio.create_task(self._pump(one, way, source)) for way, source in ((UP, reader), (DOWN, server_reader))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (one.client, one.server):
                _end(end, reset=False)
            del self._connections[number]

    async def _pump(self, one: _Connection, way: str, source: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await source.read(PIECE_BYTES):
                policy = self.policies.of(way)
                if policy.swallow:
                    self._note(one.number, way, "swallow")
                    continue
                if policy.delay_s:
                    self._note(one.number, way, "delay")
                    await asyncio.sleep(policy.delay_s)
                for piece in self._harmed(one.number, way, policy, data):
                    await self._send(one, way, policy, piece)

    async def _send(self, one: _Connection, way: str, policy: Policy, data: bytes) -> None:
        writer = one.writer(way)
        step = 1 if policy.drip else max(1, policy.rate_bytes_s // 20) if policy.rate_bytes_s else len(data)
        if step < len(data) or policy.drip:
            self._note(one.number, way, "drip" if policy.drip else "rate")
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await writer.drain()
            if policy.rate_bytes_s:
                await asyncio.sleep(step / policy.rate_bytes_s)


class UdpProxy(_Proxy):
    """`async with`; one socket for clients, one to the target for each of them."""

    port = 0

    async def __aenter__(self) -> UdpProxy:
        self._loop = asyncio.get_running_loop()
        self._out: dict[tuple[str, int], tuple[int, socket.socket]] = {}
        self._held: dict[tuple[int, str], bytes] = {}
        self._in = _udp()
        self._in.bind(("127.0.0.1", self.port))
        self.port = self._in.getsockname()[1]
        self._loop.add_reader(self._in, self._from_clients)
        return self

    async def __aexit__(self, *_: object) -> None:
        for held in (self._in, *(out for _, out in self._out.values())):
            self._loop.remove_reader(held)
            held.close()

    def _from_clients(self) -> None:
        with suppress(BlockingIOError):
            while True:
                data, client = self._in.recvfrom(65536)
                number, out = self._out.get(client) or self._open(client)
                self._pass_on(number, UP, data, out.send)

    def _open(self, client: tuple[str, int]) -> tuple[int, socket.socket]:
        self._numbers += 1
        out = _udp()
        out.connect(self.target)
        self._out[client] = self._numbers, out
        self._loop.add_reader(out, self._from_target, self._numbers, out, client)
        return self._out[client]

    def _from_target(self, number: int, out: socket.socket, client: tuple[str, int]) -> None:
        with suppress(BlockingIOError, ConnectionRefusedError):  # ICMP: nobody listens there
            while True:
                self._pass_on(number, DOWN, out.recv(65536), lambda piece: self._in.sendto(piece, client))

    def _pass_on(self, number: int, way: str, data: bytes, send: Callable[[bytes], int]) -> None:
        policy = self.policies.of(way)
        if policy.swallow or (policy.drop and self._chance.random() < policy.drop):
            self._note(number, way, "swallow" if policy.swallow else "drop")
            return
        pieces = self._harmed(number, way, policy, data)
        held = self._held.pop((number, way), None)
        if held is not None:
            pieces.append(held)
        elif policy.reorder and self._chance.random() < policy.reorder:
            self._note(number, way, "reorder")
            self._held[number, way] = pieces.pop()
        for piece in pieces:
            if policy.delay_s:
                self._note(number, way, "delay")
                self._loop.call_later(policy.delay_s, self._later, send, piece)
            else:
                self._later(send, piece)

    def _later(self, send: Callable[[bytes], int], piece: bytes) -> None:
        with suppress(OSError):  # gone meanwhile, or a full buffer: a datagram is lost, as on any network
            send(piece)


def _udp() -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    held.setblocking(False)
    return held


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    transport = writer.transport
    if reset:
        held: socket.socket | None = transport.get_extra_info("socket")
        if held is not None and not transport.is_closing():
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close(2) sends RST
        transport.abort()
    else:
        with suppress(OSError):
            writer.close()
