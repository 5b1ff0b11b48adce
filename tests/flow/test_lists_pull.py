"""Pulling a list: snapshots hold live entries only, changes and removals follow, what the grant withholds is counted."""
import datetime
import json
import signal
import threading

import grpc
import pytest
from lib import lists, protos
from lib.client import refusal
from lib.lists import FIRMS, PEOPLE, SERIOUS, Puller, entry, outcomes, publish, record, removal


@pytest.fixture
def bureau(gateway):
    return gateway.client("market-bureau")


def put(bureau, count, first=0):
    got = publish(bureau, [entry(f"e-{i}", record(FIRMS[i % len(FIRMS)]), 1, SERIOUS) for i in range(first, first + count)])
    assert set(outcomes(got)) == {"new"}
    return [r.id for r in got]


def test_a_snapshot_then_changes_then_removals(gateway, bureau):
    ids = put(bureau, 5)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    puller.pull(hangzhou)
    assert set(puller.copy) == set(ids) and puller.end.delivered == 5 and puller.end.removals == 0
    assert puller.state.entries == 5
    publish(bureau, [entry("e-0", record(FIRMS[0], lrmdsy="另一事由"), 2, SERIOUS), removal("e-1", 2, "repaired", SERIOUS)])
    more = put(bureau, 1, first=5)
    puller.pull(hangzhou)
    assert set(puller.copy) == set(ids) - {ids[1]} | set(more)
    assert puller.copy[ids[0]][0] == 2 and "另一事由".encode() in puller.copy[ids[0]][1]
    assert puller.removed == [(ids[1], "repaired")]
    puller.pull(hangzhou)
    assert puller.end.delivered == 0 and puller.end.removals == 0


def test_a_removal_has_reason_and_day_and_nothing_else(gateway, bureau):
    ids = put(bureau, 1)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    puller.pull(hangzhou)
    day = lists.today() - datetime.timedelta(days=1)
    publish(bureau, [removal("e-0", 7, "withdrawn", SERIOUS, on=day)])
    items = list(lists.service(hangzhou).Pull(puller.request(), timeout=30, metadata=lists.PURPOSE))
    gone, = [i for i in items if i.HasField("removal")]
    assert (gone.removal.id, gone.removal.revision, gone.revision) == (ids[0], 7, 7)
    assert lists.ENDS[gone.removal.end] == "withdrawn" and gone.removal.ended_on.day == day.day
    assert not gone.record and FIRMS[0]["name"].encode() not in gone.SerializeToString()


def test_removals_go_only_to_whom_the_entry_was_sent(gateway, bureau):
    ids = put(bureau, 3)
    hangzhou, early, late = gateway.client("hangzhou"), Puller(), Puller()
    early.pull(hangzhou)
    publish(bureau, [removal("e-2", 2, "exited", SERIOUS)])
    late.pull(hangzhou)
    assert set(late.copy) == set(ids[:2]) and late.removed == []
    early.pull(hangzhou)
    assert early.removed == [(ids[2], "exited")] and late.pull(hangzhou) == []


def test_a_page_that_passed_an_ended_entry_gets_no_removal_of_it(gateway, bureau):
    """A's change is behind the cursor, but A had moved on when the page was read."""
    ids = put(bureau, 3)
    publish(bureau, [removal("e-0", 2, "exited", SERIOUS)])
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    while True:
        puller.pull(hangzhou, max_items=1)
        if not puller.end.more:
            break
    assert set(puller.copy) == set(ids[1:]) and puller.removed == []


def test_an_entry_that_changes_between_pages_is_never_left_behind(gateway, bureau):
    ids = put(bureau, 4)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    puller.pull(hangzhou, max_items=2)
    publish(bureau, [entry("e-3", record(FIRMS[3], lrmdsy="改"), 2, SERIOUS), removal("e-0", 2, "exited", SERIOUS),
                     removal("e-2", 2, "exited", SERIOUS)])
    puller.pull(hangzhou)
    assert set(puller.copy) == {ids[1], ids[3]} and puller.copy[ids[3]][0] == 2
    assert puller.removed == [(ids[0], "exited")]


def test_many_changes_between_many_pages_leave_nothing_behind(gateway, bureau):
    """More of them than a cursor tells apart: a removal too many may come then, none may be missing."""
    ids = dict(enumerate(put(bureau, 30)))
    hangzhou, puller, turn = gateway.client("hangzhou"), Puller(strict=False), 0
    while turn == 0 or puller.end.more:
        puller.pull(hangzhou, max_items=1)
        gone = turn * 7 % 30
        if gone in ids and turn < 30:
            publish(bureau, [removal(f"e-{gone}", 2, "exited", SERIOUS)])
            del ids[gone]
        elif gone in ids:
            publish(bureau, [entry(f"e-{gone}", record(FIRMS[gone % len(FIRMS)], lrmdsy=f"改 {turn}"), 2 + turn, SERIOUS)])
        if turn == 12:
            ids[30], = put(bureau, 1, first=30)
        turn += 1
    puller.pull(hangzhou)
    assert set(puller.copy) == set(ids.values())


def test_who_comes_back_is_an_entry_again(gateway, bureau):
    ids = put(bureau, 1)
    hangzhou, puller, other = gateway.client("hangzhou"), Puller(), Puller()
    puller.pull(hangzhou)
    publish(bureau, [removal("e-0", 2, "repaired", SERIOUS), entry("e-0", record(FIRMS[0]), 3, SERIOUS)])
    assert puller.pull(hangzhou) == [] and puller.copy[ids[0]][0] == 3
    other.pull(hangzhou)
    publish(bureau, [removal("e-0", 4, "exited", SERIOUS)])
    assert puller.pull(hangzhou) == other.pull(hangzhou) == [(ids[0], "exited")]
    publish(bureau, [entry("e-0", record(FIRMS[0]), 5, SERIOUS), removal("e-0", 6, "exited", SERIOUS)])
    assert puller.pull(hangzhou) == [] and puller.copy == {}


def test_pages_join_to_the_whole(gateway, bureau):
    ids = put(bureau, 30)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    pages = 0
    while pages == 0 or puller.end.more:
        puller.pull(hangzhou, max_items=7)
        pages += 1
    assert set(puller.copy) == set(ids) and pages == 5


def test_persons_are_withheld_and_counted_or_masked_or_whole(gateway, bureau):
    person = PEOPLE[0]
    publish(bureau, [entry("p-1", record(person=person), 1, SERIOUS), entry("o-1", record(FIRMS[0]), 1, SERIOUS)])
    whole, masked, none = Puller(), Puller(), Puller()
    none.pull(gateway.client("hangzhou"))
    assert len(none.copy) == 1 and {c.reason: c.count for c in none.end.withheld} == {"withheld-class": 1}
    whole.pull(gateway.client("province"))
    texts = b"".join(r for _, r in whole.copy.values())
    assert person["name"].encode() in texts and person["document_number"].encode() in texts
    masked.pull(gateway.client("municipal"))
    texts = b"".join(r for _, r in masked.copy.values())
    assert len(masked.copy) == 2 and person["document_number"].encode() not in texts and person["name"].encode() not in texts
    publish(bureau, [removal("p-1", 2, "exited", SERIOUS)])
    assert none.pull(gateway.client("hangzhou")) == [] and len(masked.pull(gateway.client("municipal"))) == 1


def test_what_was_granted_no_more_is_taken_back_when_it_changes(gateway, bureau):
    person = PEOPLE[0]
    publish(bureau, [entry("p-1", record(person=person), 1, SERIOUS), entry("p-2", record(person=PEOPLE[1]), 1, SERIOUS)])
    puller = Puller()
    puller.pull(gateway.client("province"))
    assert len(puller.copy) == 2
    file = gateway.conf / "peers/province.conf"
    text = file.read_text()
    start = text.index('method = "ListExchange/Pull"')
    file.write_text(text[:start] + text[start:].replace('classes = ["organisation", "sole-trader", "person"]', 'classes = ["organisation"]', 1))
    gateway.drop_clients()
    gateway.stop()
    gateway.start()
    publish(gateway.client("market-bureau"), [removal("p-1", 2, "exited", SERIOUS), entry("p-2", record(person=PEOPLE[1], lrmdsy="改"), 2, SERIOUS)])
    puller.pull(gateway.client("province"))
    assert puller.copy == {} and [e for _, e in puller.removed] == ["exited", "withheld"]


def test_a_cursor_ends_when_more_is_granted(gateway, bureau):
    publish(bureau, [entry("p-1", record(person=PEOPLE[0]), 1, SERIOUS), entry("o-1", record(FIRMS[0]), 1, SERIOUS)])
    puller = Puller()
    puller.pull(gateway.client("hangzhou"))
    file = gateway.conf / "peers/hangzhou.conf"
    file.write_text(file.read_text().replace('lists = ["market-serious"];', 'lists = ["market-serious"];\n    classes = ["organisation", "person"];', 1))
    gateway.drop_clients()
    gateway.stop()
    gateway.start()
    hangzhou = gateway.client("hangzhou")
    assert refusal(lambda: lists.service(hangzhou).Pull(puller.request(), timeout=30, metadata=lists.PURPOSE)).reason == "cursor-invalid"
    fresh = Puller()
    fresh.pull(hangzhou)
    assert len(fresh.copy) == 2


def test_follow_sends_changes_as_they_come(gateway, bureau):
    put(bureau, 2)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    call = lists.service(hangzhou).Pull(puller.request(follow=True), timeout=60, metadata=lists.PURPOSE)
    seen = threading.Semaphore(0)
    error = []

    def follow():
        try:
            for item in call:
                puller.apply(item)
                if item.record or item.HasField("removal"):
                    seen.release()
        except grpc.RpcError as e:
            error.append(e.code())

    thread = threading.Thread(target=follow)
    thread.start()
    for _ in range(2):
        assert seen.acquire(timeout=20)
    more = put(bureau, 1, first=2)
    assert seen.acquire(timeout=20) and more[0] in puller.copy
    publish(bureau, [removal("e-2", 2, "exited", SERIOUS)])
    assert seen.acquire(timeout=20) and more[0] not in puller.copy
    call.cancel()
    thread.join(20)
    assert error == [grpc.StatusCode.CANCELLED]
    again = puller.pull(hangzhou)
    assert again == [] and len(puller.copy) == 2


def test_a_follower_whose_file_is_gone_gets_nothing_more(gateway, bureau):
    """A stream that waits is authorised again when the configuration changes: it ends, and its client comes back or does not."""
    put(bureau, 1)
    hangzhou, puller = gateway.client("hangzhou"), Puller()
    call = lists.service(hangzhou).Pull(puller.request(follow=True), timeout=60, metadata=lists.PURPOSE)
    while not puller.copy:
        puller.apply(next(call))
    (gateway.conf / "peers/hangzhou.conf").unlink()
    gateway.process.send_signal(signal.SIGHUP)
    ended = refusal(lambda: [puller.apply(item) for item in call])
    assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, "configuration-changed")
    put(bureau, 1, first=1)
    assert len(puller.copy) == 1
    again = refusal(lambda: lists.service(hangzhou).Pull(puller.request(follow=True), timeout=30, metadata=lists.PURPOSE))
    assert again.code == grpc.StatusCode.PERMISSION_DENIED or again.code == grpc.StatusCode.UNAUTHENTICATED


def test_the_canonical_format_and_the_official_one_carry_the_same(gateway, bureau):
    put(bureau, 1)
    canonical, official = Puller(fmt=lists.CANONICAL), Puller()
    province = gateway.client("province")
    canonical.pull(province)
    official.pull(province)
    (_, raw), = canonical.copy.values()
    made = protos.Record.FromString(raw)
    assert made.subject.uscc == FIRMS[0]["uscc"] and made.list_entry.list == SERIOUS and made.id in official.copy
    assert made.key == ""
    (_, raw), = official.copy.values()
    assert json.loads(raw)["tyshxydm"] == FIRMS[0]["uscc"]


def test_bad_requests_are_refused(gateway, bureau):
    put(bureau, 1)
    hangzhou = gateway.client("hangzhou")
    puller = Puller()
    puller.pull(hangzhou)

    def why(request, client=hangzhou, metadata=lists.PURPOSE):
        return refusal(lambda: lists.service(client).Pull(request, timeout=30, metadata=metadata)).reason

    assert why(lists.PullRequest(list="no-such", format=lists.FORMAT)) == "sanction-list-list-unknown"
    assert why(lists.PullRequest(list="tax-serious", format=lists.FORMAT)).startswith("withheld")
    assert why(lists.PullRequest(list=SERIOUS, format="no.such@1")) == "sanction-list-format-unknown"
    assert why(lists.PullRequest(list=SERIOUS, format="")) == "sanction-list-format-unknown"
    assert why(lists.PullRequest(list=SERIOUS, format=lists.FORMAT, cursor="x")) == "cursor-invalid"
    assert why(lists.PullRequest(list=SERIOUS, format=lists.FORMAT, cursor=puller.cursor[:-1])) == "cursor-invalid"
    assert why(lists.PullRequest(list=SERIOUS, format=lists.FORMAT, cursor=puller.cursor), gateway.client("municipal")) == "cursor-invalid"
    assert why(puller.request(), metadata=()) == "purpose-missing"
    assert why(puller.request(), gateway.client("market-bureau")) == "no-grant"
    assert why(lists.PullRequest(list=lists.ABNORMAL, format=lists.FORMAT, cursor=Puller().cursor), hangzhou).startswith("withheld")
