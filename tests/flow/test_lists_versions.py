"""Versions: staged and applied as a whole, resumed after a cut, held when they change much, released by two."""
import time

import pytest
from lib import lists
from lib.client import refusal
from lib.lists import FIRMS, SERIOUS, Puller, closing, entry, opening, outcomes, publish, reasons, record, removal, version
from lib.shifted import Clock

NOW = int(time.time()) - 10000


def rows(count, first=0, revision=1):
    return [entry(f"e-{i}", record(FIRMS[i % len(FIRMS)]), revision) for i in range(first, first + count)]


@pytest.fixture
def bureau(gateway):
    return gateway.client("market-bureau")


def status_lines(gateway):
    status = gateway.client("operator").status()
    return {(line.item, line.state): line for a in status.adapters if a.name == "sanction_list" for line in a.lines}


def the_copy(gateway):
    puller = Puller()
    puller.pull(gateway.client("hangzhou"))
    return puller


def test_a_first_snapshot_is_applied_at_close_and_not_before(gateway, bureau):
    got = publish(bureau, [opening("v1", 3, NOW), *rows(3)])
    assert outcomes(got) == ["opened", "staged", "staged", "staged"]
    assert the_copy(gateway).copy == {}
    got = publish(bureau, version("v1", rows(3), NOW))
    assert outcomes(got) == ["opened", "duplicate", "duplicate", "duplicate", "applied"]
    assert (got[0].counts.staged, got[-1].counts.added, got[-1].counts.before) == (3, 3, 0)
    assert len(the_copy(gateway).copy) == 3
    again = publish(bureau, version("v1", rows(3), NOW))
    assert outcomes(again) == ["duplicate", "duplicate", "duplicate", "duplicate", "applied"]
    assert [r.log_entry for r in again[1:]] == [r.log_entry for r in got[1:]]


def test_a_snapshot_removes_what_it_does_not_name(gateway, bureau):
    publish(bureau, version("v1", rows(40), NOW))
    puller = the_copy(gateway)
    got = publish(bureau, version("v2", rows(38, first=2), NOW + 1))
    assert outcomes(got)[-1] == "applied" and (got[-1].counts.removed, got[-1].counts.added) == (2, 0)
    assert [e for _, e in puller.pull(gateway.client("hangzhou"))] == ["exited", "exited"] and len(puller.copy) == 38
    # The next snapshot names one of them again, under the revision it had.
    got = publish(bureau, version("v3", rows(39, first=1), NOW + 2))
    assert outcomes(got)[-1] == "applied" and got[-1].counts.added == 1
    puller.pull(gateway.client("hangzhou"))
    assert len(puller.copy) == 39


def test_a_batch_removes_only_what_it_names(gateway, bureau):
    publish(bureau, version("v1", rows(40), NOW))
    batch = [*rows(2, first=40), removal("e-0", 2, "exited"), removal("e-1", 2, "repaired")]
    got = publish(bureau, version("b1", batch, NOW + 1, snapshot=False))
    counts = got[-1].counts
    assert outcomes(got)[-1] == "applied" and (counts.added, counts.removed, counts.repaired) == (2, 1, 1)
    assert len(the_copy(gateway).copy) == 40


def test_an_empty_snapshot_must_say_so_and_is_held(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    got = publish(bureau, version("v2", [], NOW + 1))
    assert outcomes(got) == ["opened", "refused"] and reasons(got[1]) == ["sanction-list-empty-undeclared"]
    got = publish(bureau, version("v3", [], NOW + 2, empty=True))
    assert outcomes(got) == ["opened", "held"] and got[1].counts.removed == 4
    assert len(the_copy(gateway).copy) == 4


def test_a_tenfold_snapshot_is_held_and_released_by_two(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    got = publish(bureau, version("v2", rows(40), NOW + 1))
    assert outcomes(got)[-1] == "held" and got[-1].counts.added == 36
    puller = the_copy(gateway)
    assert len(puller.copy) == 4 and puller.state.held and puller.state.version == "v1"
    answer = lists.check(gateway.client("municipal"), uscc=FIRMS[5]["uscc"], lists=[SERIOUS])
    assert not answer.hits and lists.states(answer) == {SERIOUS: "current+held"}
    one, two = gateway.client("operator"), gateway.client("operator2")
    waiting, = lists.held(one)
    assert (waiting.list, waiting.source, waiting.version, waiting.reason) == (SERIOUS, "market-bureau", "v2", "sanction-list-adds-many")
    line = status_lines(gateway)[(SERIOUS, "held")]
    assert line.red and f"xinqiao lists release {SERIOUS} market-bureau v2" in line.text_zh and line.text_en
    first = lists.release(one, SERIOUS, "market-bureau", "v2")
    assert not first.released and list(first.released_by) == ["operator"]
    assert refusal(lambda: lists.release(one, SERIOUS, "market-bureau", "v2")).reason == "sanction-list-same-operator"
    assert list(lists.held(two)[0].released_by) == ["operator"] and len(the_copy(gateway).copy) == 4
    second = lists.release(two, SERIOUS, "market-bureau", "v2")
    assert second.released and list(second.released_by) == ["operator", "operator2"] and second.counts.added == 36
    puller.pull(gateway.client("hangzhou"))
    assert len(puller.copy) == 40 and not puller.state.held and puller.state.version == "v2" and lists.held(one) == []
    assert refusal(lambda: lists.release(one, SERIOUS, "market-bureau", "v2")).reason == "sanction-list-held-unknown"
    assert (SERIOUS, "held") not in status_lines(gateway)


def test_a_truncated_snapshot_is_refused_or_held_never_applied(gateway, bureau):
    publish(bureau, version("v1", rows(20), NOW))
    got = publish(bureau, version("v2", rows(10), NOW + 1, declared=20))
    assert outcomes(got)[-1] == "refused" and reasons(got[-1]) == ["sanction-list-count"]
    assert len(the_copy(gateway).copy) == 20
    got = publish(bureau, version("v2", rows(20), NOW + 1))
    assert outcomes(got)[-1] == "applied"
    got = publish(bureau, version("v3", rows(10), NOW + 2))
    assert outcomes(got)[-1] == "held" and got[-1].counts.removed == 10
    assert lists.held(gateway.client("operator"))[0].reason == "sanction-list-removes-many"
    assert len(the_copy(gateway).copy) == 20


def test_a_released_snapshot_does_not_end_what_came_after_its_close(gateway, bureau):
    publish(bureau, version("v1", rows(20), NOW))
    assert outcomes(publish(bureau, version("v2", rows(10), NOW + 1)))[-1] == "held"
    later = [entry("n-1", record(FIRMS[1]), 1, SERIOUS), entry("e-15", record(FIRMS[15 % len(FIRMS)], lrmdsy="改"), 2, SERIOUS)]
    assert outcomes(publish(bureau, later)) == ["new", "updated"]
    lists.release(gateway.client("operator"), SERIOUS, "market-bureau", "v2")
    done = lists.release(gateway.client("operator2"), SERIOUS, "market-bureau", "v2")
    assert done.counts.removed == 9 and len(the_copy(gateway).copy) == 12


def test_a_held_version_is_discarded_by_one_operator(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    publish(bureau, version("v2", rows(40), NOW + 1))
    lists.discard(gateway.client("operator2"), SERIOUS, "market-bureau", "v2")
    assert lists.held(gateway.client("operator")) == []
    got = publish(bureau, version("v2", rows(40), NOW + 1))
    assert set(outcomes(got)) == {"refused"} and reasons(got[0]) == ["sanction-list-version-discarded"]
    assert reasons(got[1]) == ["sanction-list-not-open"] and len(the_copy(gateway).copy) == 4
    assert refusal(lambda: lists.discard(gateway.client("operator"), SERIOUS, "market-bureau", "v2")).reason == "sanction-list-held-unknown"


def test_a_later_version_takes_the_place_of_a_held_one(gateway, bureau):
    publish(bureau, version("v1", rows(20), NOW))
    publish(bureau, version("v2", rows(2), NOW + 1))
    assert [h.version for h in lists.held(gateway.client("operator"))] == ["v2"]
    publish(bureau, version("v3", rows(3), NOW + 2))
    assert [h.version for h in lists.held(gateway.client("operator"))] == ["v3"]
    got = publish(bureau, version("v4", rows(20), NOW + 3))
    assert outcomes(got)[-1] == "applied" and lists.held(gateway.client("operator")) == []


def test_repairs_are_never_a_reason_to_hold(gateway, bureau):
    publish(bureau, version("v1", rows(10), NOW))
    got = publish(bureau, version("b1", [removal(f"e-{i}", 2, "repaired") for i in range(8)], NOW + 1, snapshot=False))
    assert outcomes(got)[-1] == "applied" and got[-1].counts.repaired == 8 and len(the_copy(gateway).copy) == 2


def test_a_refused_row_keeps_the_entry_as_it_was(gateway, bureau):
    publish(bureau, version("v1", rows(40), NOW))
    bad = entry("e-0", record(FIRMS[0], rdbm="绍兴市教育局"), 2)
    got = publish(bureau, version("v2", [bad, *rows(39, first=1)], NOW + 1))
    assert outcomes(got)[1] == "refused" and outcomes(got)[-1] == "applied"
    assert (got[-1].counts.refused, got[-1].counts.removed) == (1, 0) and len(the_copy(gateway).copy) == 40


def test_an_older_version_or_another_declaration_is_refused(gateway, bureau):
    publish(bureau, version("v2", rows(4), NOW))
    got = publish(bureau, version("v1", rows(4), NOW - 1))
    assert reasons(got[0]) == ["sanction-list-version-stale"] and reasons(got[1]) == ["sanction-list-not-open"]
    publish(bureau, [opening("v3", 4, NOW + 1)])
    got = publish(bureau, [opening("v3", 5, NOW + 1)])
    assert reasons(got[0]) == ["sanction-list-version-conflict"]
    for bad in ("", "v" * 65, "v1; true", "版本", "v\n1"):
        assert reasons(publish(bureau, [opening(bad, 5, NOW + 1)])[0]) == ["sanction-list-version-invalid"], bad
    got = publish(bureau, [opening("v4", 5, time.time() + 4000), closing(), opening("v4", 10**9, NOW + 1), closing(), opening("v4", 0, 0)])
    assert [reasons(got[i])[0] for i in (0, 2, 4)] == ["sanction-list-version-time", "sanction-list-version-too-large",
                                                       "sanction-list-version-time"]


def test_rows_of_a_version_that_can_not_be_opened_change_nothing(gateway, bureau):
    publish(bureau, version("v2", rows(4), NOW))
    got = publish(bureau, [opening("v1", 1, NOW - 1), entry("x-1", record(FIRMS[0]), 1, SERIOUS), closing(), closing(),
                           entry("x-2", record(FIRMS[0]), 1, SERIOUS)])
    assert outcomes(got) == ["refused"] * 4 + ["new"] and len(the_copy(gateway).copy) == 5


def test_more_rows_than_declared_are_refused_and_the_rest_can_close(gateway, bureau):
    got = publish(bureau, version("v1", rows(3), NOW, declared=2))
    assert outcomes(got) == ["opened", "staged", "staged", "refused", "applied"] and reasons(got[3]) == ["sanction-list-count"]


def test_the_same_entry_twice_in_a_version(gateway, bureau):
    twice = [*rows(1), *rows(1), entry("e-0", record(FIRMS[0], lrmdsy="改"), 1), entry("e-0", record(FIRMS[0], lrmdsy="改"), 2)]
    got = publish(bureau, version("v1", twice, NOW, declared=1))
    assert outcomes(got) == ["opened", "staged", "duplicate", "refused", "staged", "applied"]
    (revision, raw), = the_copy(gateway).copy.values()
    assert revision == 2 and "改".encode() in raw
    got = publish(bureau, version("b1", [entry("n-1", record(FIRMS[1]), 1), removal("n-1", 2, "withdrawn")], NOW + 1, snapshot=False, declared=1))
    assert outcomes(got)[1:3] == ["staged", "staged"] and len(the_copy(gateway).copy) == 1


def test_a_version_survives_a_restart_and_goes_on(gateway, bureau):
    publish(bureau, [opening("v1", 6, NOW), *rows(3)])
    gateway.drop_clients()
    gateway.kill()
    gateway.start()
    got = publish(gateway.client("market-bureau"), [opening("v1", 6, NOW), *rows(3, first=3), closing()])
    assert got[0].counts.staged == 3 and outcomes(got) == ["opened"] + ["staged"] * 3 + ["applied"]
    assert len(the_copy(gateway).copy) == 6


def test_open_versions_are_limited_and_go_when_they_are_left(stopped_gateway, tmp_path):
    clock = Clock(tmp_path)
    stopped_gateway.start(env=clock.env)
    bureau = stopped_gateway.client("market-bureau")
    for i in range(8):
        assert outcomes(publish(bureau, [opening(f"v{i}", 5, NOW + i), *rows(1)])) == ["opened", "staged"]
    assert reasons(publish(bureau, [opening("v9", 5, NOW + 9)])[0]) == ["sanction-list-versions-many"]
    assert outcomes(publish(bureau, [opening("v3", 5, NOW + 3)])) == ["opened"]
    assert outcomes(publish(bureau, [opening("a1", 5, NOW, lst=lists.ABNORMAL)])) == ["opened"]
    clock.shift(2)
    time.sleep(12)
    assert reasons(publish(bureau, [opening("v3", 5, NOW + 3)])[0]) == ["sanction-list-version-discarded"]
    assert outcomes(publish(bureau, [opening("v9", 5, NOW + 9)])) == ["opened"]


def test_sources_of_one_list_do_not_touch_each_other(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    got = publish(gateway.client("province"), version("v1", rows(3), NOW))
    assert outcomes(got)[-1] == "applied" and got[-1].counts.before == 0
    assert len(the_copy(gateway).copy) == 7


def test_thresholds_and_floor_are_options(stopped_gateway):
    file = stopped_gateway.conf / "adapters/sanction_list.conf"
    file.write_text(file.read_text().replace("hold_floor = 0;", "hold_floor = 5;"))
    stopped_gateway.start()
    bureau = stopped_gateway.client("market-bureau")
    publish(bureau, version("v1", rows(10), NOW))
    assert outcomes(publish(bureau, version("v2", rows(5), NOW + 1)))[-1] == "applied"
    assert outcomes(publish(bureau, version("v3", rows(11), NOW + 2)))[-1] == "held"


def test_an_entry_has_one_id_whichever_version_brings_it(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    staged = publish(bureau, version("v2", rows(40), NOW + 1))
    lists.discard(gateway.client("operator"), SERIOUS, "market-bureau", "v2")
    first = publish(bureau, [opening("v3", 40, NOW + 2), *rows(20)])
    again = publish(bureau, version("v3", rows(40), NOW + 2))
    alone = publish(bureau, [entry("e-30", record(FIRMS[30 % len(FIRMS)]), 1, SERIOUS)])
    assert outcomes(again)[1:21] == ["duplicate"] * 20 and outcomes(again)[-1] == "held"
    assert [r.id for r in staged[1:-1]] == [r.id for r in again[1:-1]] and [r.id for r in first[1:]] == [r.id for r in staged[1:21]]
    assert alone[0].id == staged[31].id and alone[0].id in the_copy(gateway).copy


def test_only_operators_release(gateway, bureau):
    publish(bureau, version("v1", rows(4), NOW))
    publish(bureau, version("v2", rows(40), NOW + 1))
    for name in ("market-bureau", "province", "auditor"):
        client = gateway.client(name)
        assert refusal(lambda: lists.release(client, SERIOUS, "market-bureau", "v2")).reason == "no-grant"


def test_every_step_has_its_entry_with_list_and_version(gateway, bureau):
    """The log keeps a version that is a number."""
    publish(bureau, version("1", rows(4), NOW))
    held = publish(bureau, version("20261124", rows(40), NOW + 1))[-1].log_entry
    lists.release(gateway.client("operator"), SERIOUS, "market-bureau", "20261124")
    lists.release(gateway.client("operator2"), SERIOUS, "market-bureau", "20261124")
    gateway.published(held + 4)
    entries = gateway.entries()
    found = [e for e in entries if e.method.endswith("Release")]
    assert [(e.list, e.list_version, e.peer_id) for e in found] == [(SERIOUS, 20261124, "operator"), (SERIOUS, 20261124, "operator2")]
    assert entries[held].reason == "list-held" and (entries[held].list, entries[held].list_version) == (SERIOUS, 20261124)
