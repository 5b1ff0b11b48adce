"""Entries end by the clock: at midnight, not at the next request, and whoever was sent them is told."""
import datetime
import threading
import time

import grpc
import pytest
from lib import lists
from lib.lists import FIRMS, SERIOUS, Puller, entry, outcomes, publish, record, removal
from lib.paths import BUILD, SLOWNESS
from lib.shifted import Clock

pytestmark = pytest.mark.skipif(BUILD.name in ("asan", "tsan"), reason="a preloaded library and a sanitizer do not go together")


@pytest.fixture
def moved(stopped_gateway, tmp_path):
    """A gateway and its clock."""
    stopped_gateway.clock = Clock(tmp_path)
    stopped_gateway.start(env=stopped_gateway.clock.env)
    return stopped_gateway


def put(gateway, name, days, firm=FIRMS[0]):
    ends = lists.today() + datetime.timedelta(days=days)
    receipt, = publish(gateway.client("market-bureau"), [entry(name, record(firm, ends=ends), 1, SERIOUS)])
    assert outcomes([receipt]) == ["new"], receipt
    return receipt.id


def until(what, seconds=20):
    end = time.monotonic() + seconds * SLOWNESS
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_an_entry_holds_to_the_end_of_its_last_day_and_then_its_removal_is_sent_without_a_request(moved):
    last, next_one = put(moved, "a", 0), put(moved, "b", 1)
    hangzhou, puller = moved.client("hangzhou"), Puller()
    call = lists.service(hangzhou).Pull(puller.request(follow=True), timeout=120, metadata=lists.PURPOSE)
    failed = []

    def follow():
        try:
            for item in call:
                puller.apply(item)
        except grpc.RpcError as error:
            failed.append(error.code())

    thread = threading.Thread(target=follow)
    thread.start()
    until(lambda: len(puller.copy) == 2)
    assert len(lists.check(moved.client("municipal"), uscc=FIRMS[0]["uscc"], lists=[SERIOUS]).hits) == 2
    moved.clock.shift(1)
    until(lambda: puller.removed)
    assert puller.removed == [(last, "expired")] and set(puller.copy) == {next_one}
    moved.clock.shift(1)
    until(lambda: len(puller.removed) == 2)
    assert puller.removed[1] == (next_one, "expired") and not puller.copy
    call.cancel()
    thread.join(20)
    assert failed == [grpc.StatusCode.CANCELLED]


def test_what_runs_out_while_its_version_is_open_ends_with_it(moved):
    put(moved, "a", 5)
    puller = Puller()
    puller.pull(moved.client("hangzhou"))
    shorter = entry("a", record(FIRMS[0], ends=lists.today()), 2)
    head = lists.opening("v1", 1, time.time() - 1000, snapshot=False)
    assert outcomes(publish(moved.client("market-bureau"), [head, shorter])) == ["opened", "staged"]
    moved.clock.shift(1)
    assert outcomes(publish(moved.client("market-bureau"), [head, lists.closing()])) == ["opened", "applied"]
    assert [end for _, end in puller.pull(moved.client("hangzhou"))] == ["expired"] and puller.copy == {}


def test_what_is_over_is_no_hit_and_in_no_snapshot(moved):
    put(moved, "a", 0)
    moved.clock.shift(1)
    municipal = moved.client("municipal")
    assert not lists.check(municipal, uscc=FIRMS[0]["uscc"], lists=[SERIOUS]).hits
    fresh = Puller()
    fresh.pull(moved.client("hangzhou"))
    assert fresh.copy == {} and fresh.removed == []


def test_expiry_has_an_entry_in_the_log_and_goes_on_after_a_stop(moved):
    put(moved, "a", 0)
    puller = Puller()
    puller.pull(moved.client("hangzhou"))
    moved.drop_clients()
    moved.stop()
    moved.clock.shift(2)
    moved.start(env=moved.clock.env)
    until(lambda: puller.pull(moved.client("hangzhou")) != [] or puller.removed)
    assert [e for _, e in puller.removed] == ["expired"]
    until(lambda: any(e.list == SERIOUS and e.record_count == 1 and not e.method.endswith(("Publish", "Pull", "Check"))
                      for e in moved.entries()))


def test_an_expired_entry_does_not_come_back_from_an_old_copy_but_with_a_new_revision(moved):
    put(moved, "a", 0)
    puller = Puller()
    puller.pull(moved.client("hangzhou"))
    moved.clock.shift(1)
    until(lambda: puller.pull(moved.client("hangzhou")))
    bureau = moved.client("market-bureau")
    old, longer = record(FIRMS[0], ends=lists.today()), record(FIRMS[0], ends=lists.today() + datetime.timedelta(days=9))
    got = publish(bureau, [entry("a", old, 1, SERIOUS), entry("a", old, 2, SERIOUS), entry("a", longer, 2, SERIOUS)])
    assert outcomes(got)[1:] == ["refused", "new"] and outcomes(got)[0] in ("duplicate", "refused")
    puller.pull(moved.client("hangzhou"))
    assert len(puller.copy) == 1
    publish(bureau, [removal("a", 3, "exited", SERIOUS)])
    assert [e for _, e in puller.pull(moved.client("hangzhou"))] == ["exited"]
