"""A conversation as an application sees it: awaited, stopped, failed, ended with its stream."""

import asyncio

import pytest

from mediasock.esl.errors import HungUp
from mediasock.media.conversation import Conversation
from mediasock.media.errors import MediaError, StreamClosed, StreamLost, TalkerError
from tests.media.test_stream import in_loop
from tests.support.media import frame
from tests.support.talkers import Failing, Recalling


async def bring(hub, frames):
    sent = []
    for k in range(frames):
        sent += hub.bring(frame(k))
        await asyncio.sleep(0)
    return sent


@in_loop
async def test_it_is_over_when_the_talker_is_done(hub):
    stream = hub.open()
    talking = stream.converse(Recalling(320))
    assert isinstance(talking, Conversation)
    await bring(hub, 1)
    assert not talking.over
    await bring(hub, 1)
    assert await talking == "done"


@in_loop
async def test_a_stopped_one_is_let_go_before_it_is_over(hub):
    stream, talker = hub.open(), Recalling()
    talking = stream.converse(talker)
    await bring(hub, 2)
    talking.stop()
    assert not talking.over
    sent = await bring(hub, 2)
    assert await talking == "broken"
    assert talker.at == 320
    assert not any(sent[-1][1])
    talking.stop()
    assert await stream_again(hub, stream) == "done"


async def stream_again(hub, stream):
    talking = stream.converse(Recalling(160))
    await bring(hub, 1)
    return await talking


@in_loop
async def test_two_at_once_are_refused(hub):
    stream = hub.open()
    stream.converse(Recalling())
    with pytest.raises(MediaError, match="goes on already"):
        stream.converse(Recalling())


@in_loop
async def test_what_a_talker_raises_is_logged_and_told(hub):
    stream, error = hub.open(), ZeroDivisionError("by nothing")
    talking = stream.converse(Failing(error))
    await bring(hub, 4)
    with pytest.raises(TalkerError, match="Failing failed: by nothing") as told:
        await talking
    assert told.value.__cause__ is error


@in_loop
async def test_it_ends_with_the_stream(hub):
    stream, talker = hub.open(), Recalling()
    talking = stream.converse(talker)
    await bring(hub, 2)
    stream.close()
    with pytest.raises(StreamClosed):
        await talking
    with pytest.raises(StreamClosed):
        stream.converse(Recalling())


@in_loop
async def test_it_ends_with_the_reason_that_the_stream_is_closed_for(hub):
    stream = hub.open()
    talking = stream.converse(Recalling())
    await bring(hub, 2)
    stream.close(HungUp("NORMAL_CLEARING"))
    with pytest.raises(HungUp):
        await talking


@in_loop
async def test_it_ends_with_a_stream_that_is_lost_and_does_not_come_back(hub):
    stream, talker = hub.open(), Recalling()
    talking = stream.converse(talker)
    await bring(hub, 1)
    hub.idle(2100)
    with pytest.raises(StreamLost):
        await talking
    with pytest.raises(StreamLost):
        stream.converse(Recalling())
    heard = talker.at
    await bring(hub, 3)
    assert talker.at == heard
