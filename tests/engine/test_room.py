"""Requests that share a context: none ends another, and each ends in its own form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from lms_jupyter.engine.instances.room import Room, ahead
from tests.waiting import PATIENCE_S


@pytest.mark.asyncio
async def test_whoever_is_alone_has_all_of_it() -> None:
    room = Room(256, 4)
    async with room.seat(0, None) as seat:
        seat.grew(256)
        assert not seat.is_over


@pytest.mark.asyncio
async def test_as_many_as_there_are_sessions_have_their_share_and_the_greediest_ends() -> None:
    room = Room(256, 4)
    async with AsyncExitStack() as stack:
        seats = [await stack.enter_async_context(room.seat(10, None)) for _ in range(4)]
        for seat in seats:
            seat.grew(room.share)
        assert not any(seat.is_over for seat in seats)
        seats[1].grew(room.share + 1)
        assert [seat.is_over for seat in seats] == [False, True, False, False]
        seats[2].grew(room.share + 2)  # one is on its way out
        assert not seats[2].is_over


@pytest.mark.asyncio
async def test_a_light_request_fits_beside_a_heavy_one_and_is_never_the_one_that_ends() -> None:
    room = Room(256, 4)
    async with room.seat(100, None) as heavy:
        heavy.grew(200)
        async with asyncio.timeout(PATIENCE_S), room.seat(5, 10) as light:
            light.grew(15)
            heavy.grew(220)
            assert (heavy.is_over, light.is_over) == (True, False)


@pytest.mark.asyncio
async def test_who_does_not_fit_waits_for_its_turn() -> None:
    room = Room(256, 4)
    entered = asyncio.Event()

    async def second() -> None:
        async with room.seat(100, None):
            entered.set()

    async with room.seat(200, None):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert not entered.is_set()
    await waiting
    assert not room.is_shared


@pytest.mark.asyncio
async def test_who_says_how_long_the_answer_may_become_gets_that_much() -> None:
    room = Room(256, 4)
    async with room.seat(10, 190) as first:
        first.grew(200)
        second = asyncio.create_task(anext(_seated(room, 10, 190)))
        await asyncio.sleep(0)
        assert not second.done()
        async with asyncio.timeout(PATIENCE_S), room.seat(5, 10):  # there is room for a light one
            first.grew(200)
        assert not first.is_over
    async with asyncio.timeout(PATIENCE_S):
        await second


@pytest.mark.asyncio
async def test_light_ones_do_not_keep_a_heavy_one_waiting_for_ever() -> None:
    room = Room(256, 4)
    async with room.seat(10, 190):
        heavy = asyncio.create_task(anext(_seated(room, 10, 190)))
        await asyncio.sleep(0)
        for _ in range(100):
            light = asyncio.create_task(anext(_seated(room, 1, 1)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if not light.done():
                break
        assert not light.done()
        assert not heavy.done()
    await asyncio.wait_for(asyncio.gather(heavy, light), PATIENCE_S)


async def _seated(room: Room, prompt: int, at_most: int) -> AsyncGenerator[None]:
    async with room.seat(prompt, at_most):
        yield


@pytest.mark.asyncio
async def test_who_gives_up_waiting_leaves_no_trace() -> None:
    room = Room(256, 4)

    async def second() -> None:
        async with room.seat(250, None):
            pytest.fail("there is no room")

    async with room.seat(200, None):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert not room.is_shared


@pytest.mark.asyncio
async def test_events_are_counted_even_if_nobody_takes_them() -> None:
    room = Room(256, 4)
    spoken = asyncio.Event()

    async def events() -> AsyncGenerator[int]:
        for number in range(300):
            yield number
            if number == 200:
                spoken.set()

    async with room.seat(0, None) as seat, room.seat(1, 1) as light:
        told = ahead(events(), seat, lambda _event, before: before + 1)
        assert await anext(told) == 0
        async with asyncio.timeout(PATIENCE_S):
            await spoken.wait()
        assert len([event async for event in told]) < 256
        assert (seat.is_over, light.is_over) == (True, False)


@pytest.mark.asyncio
async def test_what_breaks_is_raised_where_the_events_are_taken() -> None:
    async def events() -> AsyncGenerator[int]:
        yield 1
        raise OSError("broken")

    told = ahead(events(), None, lambda _event, before: before)
    assert await anext(told) == 1
    with pytest.raises(OSError, match="broken"):
        await anext(told)
