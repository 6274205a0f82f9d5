"""A picture is decoded once: askers share what is under way and what was decoded, within a bound."""

from __future__ import annotations

import asyncio

import pytest

from tests.stream.links import on_a_loop
from vms.base.errors import Kind, VmsError
from vms.decode.pictures import Pictures
from vms.decode.protocol import Job, Picture

JOB = Job(1, b"")


class SlowDecoder:
    """Answers when the test opens the gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.failure: VmsError | None = None
        self.asked = 0

    async def picture(self, stream: str, job: Job) -> Picture:
        self.asked += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return Picture(1, 1, b"x" * 100)


@on_a_loop
async def test_who_asks_meanwhile_shares_and_who_leaves_takes_nothing_away() -> None:
    decoder = SlowDecoder()
    pictures = Pictures(decoder)
    first, second = (asyncio.ensure_future(pictures.get(("a", 1, 0), "a", lambda: JOB)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    decoder.gate.set()
    assert (await second).jpeg == (await pictures.get(("a", 1, 0), "a", lambda: JOB)).jpeg
    assert decoder.asked == 1


@on_a_loop
async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    decoder = SlowDecoder()
    pictures = Pictures(decoder)
    decoder.failure = VmsError(Kind.UNAVAILABLE, "away")
    asked = [asyncio.ensure_future(pictures.get(("a", 1, 0), "a", lambda: JOB)) for _ in range(2)]
    decoder.gate.set()
    assert [str(error) for error in await asyncio.gather(*asked, return_exceptions=True)] == ["unavailable: away"] * 2
    decoder.failure = None
    assert (await pictures.get(("a", 1, 0), "a", lambda: JOB)).width == 1


@on_a_loop
async def test_the_least_wanted_go_when_there_are_too_many() -> None:
    decoder = SlowDecoder()
    decoder.gate.set()
    pictures = Pictures(decoder, max_bytes=250)
    for place in (1, 2, 1, 3, 1, 2):
        await pictures.get(("a", place, 0), "a", lambda: JOB)
    assert decoder.asked == 4  # 2 had to go when 3 came, 1 was wanted in between


@on_a_loop
async def test_a_job_that_cannot_be_made_leaves_nothing_running() -> None:
    def poor() -> Job:
        raise VmsError(Kind.UNSUPPORTED_CODEC, "no")

    with pytest.raises(VmsError, match="no"):
        await Pictures(SlowDecoder()).get(("a", 1, 0), "a", poor)
