"""The proxy does to bytes what its policy says, says what it did, and leaves nothing running."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults.proxy import CLEAN, HALF_OPEN, Policies, Policy, TcpProxy, UdpProxy

SEED = 7
DATA = bytes(range(256)) * 40
Ends = tuple[TcpProxy, asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def through(policies: Policies) -> AsyncGenerator[Ends]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, TcpProxy(server.sockets[0].getsockname()[:2], SEED, policies) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield proxy, reader, writer
        writer.close()


def run(policies: Policies, work: Callable[[TcpProxy, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
    async def main() -> None:
        async with through(policies) as ends:
            await asyncio.wait_for(work(*ends), 10)

    asyncio.run(main())


async def sent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    return await reader.readexactly(len(data))


def test_without_a_policy_everything_passes_both_ways() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await sent(reader, writer, DATA * 50) == DATA * 50
        assert not proxy.log
        assert proxy.living == 1

    run(CLEAN, work)


def test_a_delay_is_at_least_as_long_as_told() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started = time.monotonic()
        await sent(reader, writer, b"x")
        assert time.monotonic() - started >= 0.2
        assert proxy.counts() == {"delay": 2}

    run(Policies(Policy(delay_s=0.1), Policy(delay_s=0.1)), work)


def test_a_rate_holds() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started = time.monotonic()
        assert await sent(reader, writer, DATA) == DATA
        assert time.monotonic() - started >= len(DATA) / 40_000 * 0.8
        assert proxy.counts()["rate"] >= 1

    run(Policies(up=Policy(rate_bytes_s=40_000)), work)


def test_a_drip_comes_byte_by_byte() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"0123456789")
        started = time.monotonic()
        assert await reader.readexactly(10) == b"0123456789"
        assert time.monotonic() - started >= 0.08
        assert proxy.counts()["drip"] == 1

    run(Policies(down=Policy(drip=True, rate_bytes_s=100)), work)


def test_a_half_open_connection_takes_everything_and_answers_nothing() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(DATA)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        assert proxy.living == 1
        proxy.policies = CLEAN
        assert await sent(reader, writer, b"late") == b"late"
        assert proxy.counts()["swallow"] >= 1

    run(HALF_OPEN, work)


@pytest.mark.parametrize("reset", [True, False])
def test_a_cut_is_a_reset_or_an_end(reset: bool) -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sent(reader, writer, b"x")
        assert proxy.cut(reset=reset) == 1
        if reset:
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
        else:
            assert await reader.read(1) == b""
        await asyncio.sleep(0.05)
        assert proxy.living == 0
        assert proxy.counts() == {"rst" if reset else "fin": 1}

    run(CLEAN, work)


def test_garbling_flips_one_bit_and_says_so() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back = await sent(reader, writer, b"\0" * 100)
        assert sum(byte.bit_count() for byte in back) == 1
        assert proxy.counts() == {"garble": 1}

    run(Policies(up=Policy(garble=1.0)), work)


def test_a_duplicate_comes_twice() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"once")
        assert await reader.readexactly(8) == b"onceonce"
        assert proxy.counts() == {"duplicate": 1}

    run(Policies(up=Policy(duplicate=1.0)), work)


def test_a_refusing_proxy_resets_new_connections_and_keeps_living_ones() -> None:
    async def work(proxy: TcpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await sent(reader, writer, b"x")
        proxy.refuse(True)
        other, its_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await other.read(1)
        its_writer.close()
        assert await sent(reader, writer, b"y") == b"y"
        assert proxy.counts() == {"refuse": 1}

    run(CLEAN, work)


def test_nothing_runs_on_after_the_end() -> None:
    async def main() -> None:
        async with through(HALF_OPEN) as (_, _, writer):
            writer.write(DATA)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


def datagrams(policies: Policies, count: int = 200) -> tuple[list[int], UdpProxy]:
    """Numbers that came back of `count` sent."""

    async def main() -> tuple[list[int], UdpProxy]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        back: list[int] = []
        async with UdpProxy(transport.get_extra_info("sockname"), SEED, policies) as proxy:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.connect(("127.0.0.1", proxy.port))
                for number in range(count):
                    client.send(number.to_bytes(2, "big"))
                    await asyncio.sleep(0)
                until = loop.time() + 2
                while loop.time() < until:
                    try:
                        back.append(int.from_bytes(await asyncio.wait_for(loop.sock_recv(client, 64), 0.2), "big"))
                    except TimeoutError:
                        break
        transport.close()
        return back, proxy

    return asyncio.run(main())


def test_datagrams_pass() -> None:
    back, proxy = datagrams(CLEAN)
    assert sorted(back) == list(range(200))
    assert not proxy.log


def test_datagrams_are_dropped_doubled_and_out_of_order_as_told() -> None:
    back, proxy = datagrams(Policies(down=Policy(drop=0.1, duplicate=0.1, reorder=0.1)))
    told = proxy.counts()
    assert len(back) in (200 - told["drop"] + told["duplicate"], 199 - told["drop"] + told["duplicate"])  # the last may be held
    assert back != sorted(back)
    assert min(told["drop"], told["duplicate"], told["reorder"]) > 5


def test_the_same_seed_does_the_same_harm() -> None:
    rough = Policies(up=Policy(drop=0.2, garble=0.2))
    one, other = datagrams(rough)[1], datagrams(rough)[1]
    assert [action.what for action in one.log] == [action.what for action in other.log]
    assert one.log
