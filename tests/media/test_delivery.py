"""The mailbox, with a clock of its own and a loop that runs when it is told to."""

import asyncio
import logging
import threading

from dsp.types import Detection
from mediasock.media import delivery
from mediasock.media.delivery import Mailbox
from mediasock.media.notices import Heard

MS = 1_000_000
NEWS = Detection(0, "dtmf", "5", 0, None, 0.0)
SOUND = Heard(None, 0, False)


class Recipient:
    def __init__(self):
        self.got = []
        self.lost = 0

    def deliver(self, notice):
        self.got.append(notice)

    def missed(self):
        self.lost += 1


class Setting:
    def __init__(self):
        self.now = 0
        self.loop = asyncio.new_event_loop()
        self.box = Mailbox(self.loop, threading.get_ident(), lambda: self.now)
        self.asked = 0
        self.recipient = Recipient()
        ask = self.loop.call_soon_threadsafe

        def count(callback):
            self.asked += 1
            return ask(callback)

        self.loop.call_soon_threadsafe = count

    def run_loop(self):
        self.loop.run_until_complete(asyncio.sleep(0))


def test_all_news_of_a_tick_is_one_call_into_the_loop():
    setting = Setting()
    setting.box.post([(setting.recipient, NEWS)] * 50)
    setting.box.post([(setting.recipient, SOUND)])
    setting.run_loop()
    assert setting.recipient.got == [NEWS] * 50 + [SOUND]
    assert setting.asked == 1
    setting.box.post([(setting.recipient, NEWS)])
    assert setting.asked == 2


def test_a_loop_that_does_not_run_loses_sound_first_and_the_rest_later(monkeypatch):
    monkeypatch.setattr(delivery, "FRAMES_WAITING", 10)
    monkeypatch.setattr(delivery, "NEWS_WAITING", 20)
    setting = Setting()
    setting.box.post([(setting.recipient, SOUND)] * 15)
    assert setting.recipient.lost == 5
    setting.box.post([(setting.recipient, NEWS)] * 15)
    assert setting.box.dropped == 10
    setting.run_loop()
    assert setting.recipient.got == [SOUND] * 10 + [NEWS] * 10


def test_a_stuck_loop_is_reported_once_with_its_stack_and_again_when_it_runs(caplog):
    caplog.set_level(logging.INFO)
    setting = Setting()
    for now in range(0, 2000, 5):
        setting.now = now * MS
        setting.box.beat()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "test_delivery.py" in record.message  # the stack of the loop's thread, which is this
    assert "0.5 s" in record.message
    caplog.clear()
    setting.run_loop()
    (record,) = caplog.records
    assert "runs again after 1.9 s" in record.message


def test_a_loop_that_runs_is_asked_ten_times_a_second(caplog):
    setting = Setting()
    for now in range(0, 1000, 5):
        setting.now = now * MS
        setting.box.beat()
        setting.run_loop()
    assert 9 <= setting.asked <= 10
    assert not caplog.records


def test_a_recipient_that_fails_does_not_cost_the_others_their_news(caplog):
    class Broken(Recipient):
        def deliver(self, notice):
            raise ZeroDivisionError

    setting = Setting()
    setting.box.post([(Broken(), NEWS), (setting.recipient, NEWS)])
    setting.run_loop()
    assert setting.recipient.got == [NEWS]
    assert "could not be delivered" in caplog.text


def test_a_closed_loop_is_survived():
    setting = Setting()
    setting.loop.close()
    setting.box.post([(setting.recipient, NEWS)])
    setting.box.beat()
    assert setting.recipient.got == []
