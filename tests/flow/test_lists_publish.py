"""Publishing to a list: receipts, repeats, conflicts, who may, what the law refuses."""
import datetime
import sqlite3

import pytest
from lib import lists
from lib.client import refusal
from lib.lists import FIRMS, PEOPLE, SERIOUS, entry, outcomes, publish, reasons, record, removal


@pytest.fixture(scope="module")
def bureau(shared):
    return shared.client("market-bureau")


def one(client, item):
    receipts = publish(client, [item])
    assert len(receipts) == 1
    return receipts[0]


def test_an_entry_is_new_once_and_a_duplicate_with_the_first_receipt_after(shared, bureau):
    item = entry("p-1", record(FIRMS[0]), lst=SERIOUS)
    first, again = one(bureau, item), one(bureau, item)
    assert outcomes([first, again]) == ["new", "duplicate"], reasons(first)
    assert (again.id, again.log_entry) == (first.id, first.log_entry) and len(first.id) == 16
    shared.published(first.log_entry + 1)
    logged = shared.entries()[first.log_entry]
    assert logged.method.endswith("ListExchange/Publish") and logged.peer_id == "market-bureau"


def test_many_in_one_stream_each_have_their_receipt_in_order(bureau):
    items = [entry(f"m-{i}", record(FIRMS[i % len(FIRMS)]), lst=SERIOUS) for i in range(40)]
    receipts = publish(bureau, items)
    assert [r.entry for r in receipts] == [f"m-{i}" for i in range(40)]
    assert set(outcomes(receipts)) == {"new"} and len({r.id for r in receipts}) == 40


def test_a_higher_revision_updates_a_lower_one_is_a_duplicate(bureau):
    new, newer = record(FIRMS[1]), record(FIRMS[1], lrmdsy="另一事由，情节严重")
    got = publish(bureau, [entry("u-1", new, 1, SERIOUS), entry("u-1", newer, 3, SERIOUS), entry("u-1", new, 2, SERIOUS),
                           entry("u-1", new, 1, SERIOUS)])
    assert outcomes(got) == ["new", "updated", "duplicate", "duplicate"]
    assert len({r.id for r in got}) == 1


def test_other_contents_under_a_known_revision_are_a_conflict(bureau):
    got = publish(bureau, [entry("c-1", record(FIRMS[2]), 1, SERIOUS), entry("c-1", record(FIRMS[2], lrmdsy="另一事由"), 1, SERIOUS)])
    assert outcomes(got) == ["new", "refused"] and reasons(got[1]) == ["sanction-list-revision-conflict"]
    assert got[1].findings[0].text_zh and got[1].findings[0].text_en and not got[1].id


def test_the_subject_of_an_entry_never_changes(bureau):
    got = publish(bureau, [entry("s-1", record(FIRMS[2]), 1, SERIOUS), entry("s-1", record(FIRMS[3]), 2, SERIOUS)])
    assert outcomes(got) == ["new", "refused"] and reasons(got[1]) == ["sanction-list-subject-changed"]


def test_a_removed_entry_does_not_come_back_from_an_old_copy(bureau):
    item = entry("r-1", record(FIRMS[4]), 1, SERIOUS)
    got = publish(bureau, [item, removal("r-1", 2, "repaired", SERIOUS), item, removal("r-1", 2, "repaired", SERIOUS),
                           entry("r-1", record(FIRMS[4]), 3, SERIOUS)])
    assert outcomes(got) == ["new", "removed", "duplicate", "duplicate", "new"]
    assert got[3].log_entry == got[1].log_entry


@pytest.mark.parametrize("text,end", (("信用修复", "repaired"), ("有效期届满", "expired"), ("认定被撤销", "withdrawn"), ("移出名单", "exited")))
def test_a_record_with_a_day_of_removal_is_a_removal_for_the_reason_it_gives(shared, bureau, text, end):
    gone = record(FIRMS[5], yccrq=str(lists.today()), ycsy=text)
    puller = lists.Puller()
    new, = publish(bureau, [entry(f"d-{end}", record(FIRMS[5]), 1, SERIOUS)])
    puller.pull(shared.client("hangzhou"))
    got, = publish(bureau, [entry(f"d-{end}", gone, 2, SERIOUS)])
    assert outcomes([new, got]) == ["new", "removed"], reasons(got)
    assert puller.pull(shared.client("hangzhou")) == [(new.id, end)]


def test_a_removal_of_nothing_without_reason_or_of_the_future_is_refused(bureau):
    tomorrow = lists.today() + datetime.timedelta(days=1)
    publish(bureau, [entry("f-1", record(FIRMS[5]), 1, SERIOUS)])
    got = publish(bureau, [removal("nobody", 2, "exited", SERIOUS), removal("f-1", 2, "unspecified", SERIOUS),
                           removal("f-1", 2, "exited", SERIOUS, on=tomorrow), removal("f-1", 2, "withheld", SERIOUS)])
    assert [reasons(r) for r in got] == [["sanction-list-entry-unknown"], ["sanction-list-end-missing"], ["sanction-list-end-future"],
                                         ["sanction-list-end-missing"]]


def test_a_source_touches_its_own_entries_only(shared, bureau):
    publish(bureau, [entry("own-1", record(FIRMS[6]), 1, SERIOUS)])
    province = shared.client("province")
    got = publish(province, [removal("own-1", 9, "withdrawn", SERIOUS)])
    assert reasons(got[0]) == ["sanction-list-entry-unknown"]
    other = publish(province, [entry("own-1", record(FIRMS[6]), 1, SERIOUS)])
    assert outcomes(other) == ["new"]
    hits = lists.check(shared.client("municipal"), uscc=FIRMS[6]["uscc"], lists=[SERIOUS]).hits
    assert other[0].id in {h.id for h in hits} and len(hits) >= 2


def test_one_unlawful_measure_refuses_the_whole_entry_and_cites_the_row(shared, bureau):
    good = "national-measures-2025.market-entry"
    got = one(bureau, entry("l-1", record(FIRMS[12]), 1, SERIOUS, measures=[good, "national-measures-2025.nothing"]))
    assert outcomes([got]) == ["refused"]
    assert reasons(got) == ["law-measure-unlawful"] and any("market-serious" in f.text_en for f in got.findings), got
    before = {h.id for h in lists.check(shared.client("municipal"), uscc=FIRMS[12]["uscc"], lists=[SERIOUS]).hits}
    got = one(bureau, entry("l-1", record(FIRMS[12]), 1, SERIOUS, measures=[good]))
    assert outcomes([got]) == ["new"], got
    hits = lists.check(shared.client("municipal"), uscc=FIRMS[12]["uscc"], lists=[SERIOUS]).hits
    assert {h.id for h in hits} == before | {got.id}
    hit, = [h for h in hits if h.id == got.id]
    assert good in {m.id for m in hit.measures} and (hit.law, hit.authority) == (SERIOUS, "绍兴市市场监督管理局") and hit.basis


def test_who_is_not_the_competent_body_is_refused(bureau):
    got = one(bureau, entry("b-1", record(FIRMS[0], rdbm="绍兴市教育局"), 1, SERIOUS))
    assert outcomes([got]) == ["refused"] and reasons(got)[0].startswith("law-"), got


def test_no_list_without_a_row_and_none_that_is_not_granted(bureau):
    got = publish(bureau, [entry("x-1", record(FIRMS[0]), 1, "no-such-list"), removal("x-1", 1, "exited", "no-such-list"),
                           entry("x-1", record(FIRMS[0], lst="tax-serious"), 1, "tax-serious"), removal("x-1", 2, "exited", "tax-serious")])
    assert [reasons(r) for r in got] == [["sanction-list-list-unknown"], ["sanction-list-list-unknown"], ["sanction-list-not-granted"],
                                         ["sanction-list-not-granted"]]


def test_a_record_of_another_list_or_broken_is_refused(bureau):
    got = publish(bureau, [entry("y-1", record(FIRMS[0], lst=lists.ABNORMAL), 1, SERIOUS), entry("y-2", b"{", 1, SERIOUS),
                           entry("y-3", record(FIRMS[0]), 1, SERIOUS, fmt="no.such@1"), entry("", record(FIRMS[0]), 1, SERIOUS),
                           entry("y" * 129, record(FIRMS[0]), 1, SERIOUS), entry("y-6", record(FIRMS[0]), 0, SERIOUS),
                           entry("y\n7", record(FIRMS[0]), 1, SERIOUS), lists.Item()])
    assert set(outcomes(got)) == {"refused"}
    found = [reasons(r)[0] for r in got]
    assert found[0] == "sanction-list-other-list" and found[2] == "format-unknown"
    assert found[3] == found[4] == found[6] == "sanction-list-entry-invalid"
    assert found[5] == "sanction-list-revision-missing" and found[7] == "sanction-list-item-empty"


def test_what_is_over_is_not_taken(bureau):
    old = lists.today() - datetime.timedelta(days=400)
    got = one(bureau, entry("o-1", record(FIRMS[0], decided=old, ends=lists.today() - datetime.timedelta(days=1)), 1, SERIOUS))
    assert outcomes([got]) == ["refused"], got


def test_who_may_not_publish_is_refused(shared):
    client = shared.client("municipal")
    got = refusal(lambda: publish(client, [entry("z-1", record(FIRMS[0]), 1, SERIOUS)]))
    assert got.reason == "no-grant"


def test_findings_and_log_name_no_person(shared, bureau):
    person = PEOPLE[0]
    got = publish(bureau, [entry("q-1", record(person=person), 1, SERIOUS), entry("q-2", record(person=person, rdrq="31.12.2025"), 1, SERIOUS)])
    assert outcomes(got) == ["new", "refused"], got
    assert person["name"] not in str(got) and person["document_number"] not in str(got)
    assert person["name"] not in shared.text() and person["document_number"] not in shared.text()
    for file in (shared.data / "store").rglob("*"):
        assert not file.is_file() or person["document_number"].encode() not in file.read_bytes()


def test_of_an_ended_entry_nothing_is_kept_but_id_revision_reason_and_day(gateway):
    bureau = gateway.client("market-bureau")
    publish(bureau, [entry("g-1", record(person=PEOPLE[0]), 1, SERIOUS), entry("g-2", record(person=PEOPLE[1]), 1, SERIOUS),
                     removal("g-1", 2, "repaired", SERIOUS)])
    gateway.drop_clients()
    assert gateway.stop() == 0
    file, = (f for f in (gateway.data / "store").iterdir() if f.read_bytes()[:15] == b"SQLite format 3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        kept = db.execute("SELECT live, ended, ended_on, length(subject), record IS NULL FROM sanction_list_entry ORDER BY no").fetchall()
    day = int(lists.today().strftime("%Y%m%d"))
    assert kept == [(0, lists.END_NUMBERS["repaired"], day, 0, 1), (1, 0, 0, 32, 0)]


def test_an_entry_names_no_more_measures_than_it_may(bureau):
    got = one(bureau, entry("mm-1", record(FIRMS[5]), 1, SERIOUS, measures=["x"] * 65))
    assert outcomes([got]) == ["refused"] and reasons(got) == ["sanction-list-measures-many"] and got.findings[0].field == "measures"
    got = one(bureau, entry("mm-2", record(FIRMS[5]), 1, SERIOUS, measures=["x"] * 64))
    assert outcomes([got]) == ["refused"] and set(reasons(got)) == {"law-measure-unlawful"}
