from __future__ import annotations

import asyncio
from collections import Counter

from vms.ingest.batch import BatchReader


def test_each_read_is_called_once_per_tick_and_the_slices_share_them_evenly() -> None:
    async def body() -> Counter[int]:
        batch = BatchReader(tick_s=0.05, slices=5)
        calls: Counter[int] = Counter()
        times: list[list[float]] = [[] for _ in range(20)]
        done = asyncio.Event()

        def read(index: int) -> None:
            calls[index] += 1
            times[index].append(asyncio.get_running_loop().time())
            if len(calls) == 20 and min(calls.values()) >= 4:
                done.set()

        reads = [lambda index=index: read(index) for index in range(20)]
        for one in reads:
            batch.add(one)
        async with asyncio.timeout(10):
            await done.wait()
        for one in reads:
            batch.discard(one)
        assert len(batch) == 0
        return calls

    calls = asyncio.run(body())
    assert max(calls.values()) - min(calls.values()) <= 1


def test_read_that_was_taken_out_is_not_called_any_more() -> None:
    async def body() -> list[str]:
        batch = BatchReader(tick_s=0.01, slices=1)
        called: list[str] = []
        done = asyncio.Event()

        def second() -> None:
            called.append("second")

        def first() -> None:
            called.append("first")
            batch.discard(second)
            if len(called) > 3:
                done.set()

        batch.add(second)
        batch.add(first)
        async with asyncio.timeout(10):
            await done.wait()
        return called

    assert asyncio.run(body()).count("second") <= 1


def test_reader_that_was_empty_starts_again() -> None:
    async def body() -> None:
        batch = BatchReader(tick_s=0.01, slices=2)
        for _ in range(2):
            done = asyncio.Event()
            batch.add(done.set)
            async with asyncio.timeout(10):
                await done.wait()
            batch.discard(done.set)

    asyncio.run(body())
