"""The province pushes, the peers pull in their own formats: counts, values, what is withheld, receipts."""
import json
import uuid

import pytest
from lib import data, protos
from lib.client import errors, items


@pytest.fixture(scope="module")
def filled(shared):
    """All packages of the national formats pushed by the province."""
    client = shared.client("province")
    receipts = {}
    for fmt in (data.NATIONAL_ORG, data.NATIONAL_PERSON, data.PERMIT_ORG, data.PERMIT_PERSON):
        receipts[fmt] = client.push(items(fmt, data.records(fmt), prefix=fmt))
    shared.receipts = receipts
    return shared


@pytest.mark.parametrize("fmt", (data.NATIONAL_ORG, data.NATIONAL_PERSON, data.PERMIT_ORG, data.PERMIT_PERSON))
def test_every_record_of_a_package_is_new(filled, fmt):
    receipts = filled.receipts[fmt]
    assert [r.key for r in receipts] == [f"{fmt}-{i + 1}" for i in range(len(data.records(fmt)))]
    assert [(r.key, errors(r)) for r in receipts if r.outcome != protos.NEW] == []
    assert all(len(r.record_id) == 16 and r.revision == 1 for r in receipts)
    assert len({r.record_id for r in receipts}) == len(receipts)


def test_receipts_name_the_entry_that_proves_them(filled):
    receipts = [r for fmt in filled.receipts for r in filled.receipts[fmt]]
    filled.published(max(r.entry for r in receipts) + 1)
    entries = filled.entries()
    origin = (filled.shard() / "checkpoint").read_text().split("\n")[0]
    for receipt in receipts:
        assert receipt.origin == origin
        entry = entries[receipt.entry]
        assert (entry.kind, entry.decision, entry.peer_id) == (2, 1, "province")
        assert entry.method.endswith("RecordExchange/Push")


def organisations(fmt):
    return [r for r in data.rows(fmt) if r["class"] == "organisation"]


def test_suzhou_gets_organisations_in_its_own_words(filled):
    got = filled.client("suzhou").pull(data.SUZHOU)
    wanted = organisations(data.NATIONAL_ORG)
    names = {f["id"]: f["name"] for f in data.table("firms.tsv")}
    records = [json.loads(r) for r in got.records]
    assert sorted((r["ADM_COUNTERPART"], r["ADM_PENALTY_DECIDE_NUM"]) for r in records) == sorted(
        (names[w["subject"]], w["document_no"]) for w in wanted)
    assert got.end.delivered == len(records)
    first = next(r for r in records if r["ADM_PENALTY_DECIDE_NUM"].endswith("〕100号"))
    assert (first["PENALTY"], first["PUNISHMENT_AUTH"]) == ("0.2", "绍兴市市场监督管理局")


def test_what_the_grant_withholds_is_counted(filled):
    got = filled.client("suzhou").pull(data.SUZHOU)
    classes = [r["class"] for fmt in (data.NATIONAL_ORG, data.NATIONAL_PERSON) for r in data.rows(fmt)]
    assert got.withheld.get("withheld-class") == classes.count("sole-trader") + classes.count("person")


def test_what_has_ended_is_neither_taken_nor_served(filled):
    receipts = filled.client("province").push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG, "ended.xml"), prefix="ended"))
    assert [errors(r) for r in receipts] == [[("law-retention-ended", "CF_JDRQ")]]
    got = filled.client("suzhou").pull(data.SUZHOU)
    ended = next(f for f in data.table("firms.tsv") if f["outcome"] == "ended")
    assert not any(ended["uscc"].encode() in r for r in got.records)


def test_zhejiang_words_keep_the_money(filled):
    got = filled.client("hangzhou").pull(data.ZHEJIANG)
    assert got.end.delivered
    fines = {json.loads(r)["PUNISH_DOCUMENT_CODE"]: json.loads(r).get("FINE") for r in got.records}
    for record in data.records(data.NATIONAL_ORG):
        text = record.decode()
        number, fine = (text.split(f"<{c}>")[1].split(f"</{c}>")[0] for c in ("CF_WSH", "CF_NR_FK"))
        if number in fines and fine:
            assert round(float(fine) * 1000000) == round(float(fines[number]) * 100), number


def test_findings_of_a_pulled_record_name_fields_never_data(filled):
    got = filled.client("suzhou").pull(data.SUZHOU)
    private = data.private_texts()
    for item in got.items:
        for finding in item.findings:
            text = finding.text_zh + finding.text_en + "".join(finding.parameters.values())
            assert finding.reason and not any(p in text for p in private)


def test_pages_join_to_the_whole(filled):
    client = filled.client("suzhou")
    whole = client.pull(data.SUZHOU)
    cursor, joined = "", []
    for _ in range(100):
        page = client.pull(data.SUZHOU, cursor, max_records=7)
        assert len(page.items) <= 7
        joined += page.records
        cursor = page.cursor
        if not page.end.more:
            break
    assert joined == whole.records


def test_a_pull_from_any_record_goes_on_behind_it(filled):
    client = filled.client("suzhou")
    whole = client.pull(data.SUZHOU)
    for at in (0, 1, len(whole.items) // 2, len(whole.items) - 1):
        rest = client.pull(data.SUZHOU, whole.items[at].cursor)
        assert rest.records == whole.records[at + 1:]


def test_cursors_are_of_one_peer_and_opaque(filled):
    got = filled.client("suzhou").pull(data.SUZHOU, max_records=3)
    from lib.client import refusal
    for bad in (got.cursor[:-2], got.cursor + "A", "x", got.cursor[::-1]):
        refused = refusal(lambda: filled.client("suzhou").pull(data.SUZHOU, bad))
        assert refused.reason == "cursor-invalid"
    refused = refusal(lambda: filled.client("hangzhou").pull(data.SUZHOU, got.cursor))
    assert refused.reason in ("cursor-invalid", "no-grant")


def test_permits_go_to_suzhou_too(filled):
    got = filled.client("suzhou").pull(data.SUZHOU_PERMIT)
    invalid = sum(b"<XK_ZT>2<" in r and row["class"] == "organisation"
                  for r, row in zip(data.records(data.PERMIT_ORG), data.rows(data.PERMIT_ORG)))
    assert invalid  # Suzhou's table has no state: a permit that is no longer valid is refused, not sent as if it were
    assert got.end.delivered == len(organisations(data.PERMIT_ORG)) - invalid
    assert {c.reason: c.count for c in got.end.refused} == {"target-status": invalid}


def test_formats_are_listed(filled):
    listed = filled.client("suzhou").records.ListFormats(protos.ListFormatsRequest(), timeout=10)
    assert {f.id for f in listed.formats} >= {*data.PENALTIES, *data.PERMITS, data.CANONICAL}
    assert all(f.title_zh and f.title_en and f.media for f in listed.formats)
    assert listed.mapping


def test_status_counts_what_was_done(filled):
    status = filled.client("operator").status()
    assert status.store.records >= sum(len(r) for r in filled.receipts.values())
    assert status.log.entries and status.log.vkey and not status.log.dead
    peers = {p.name: p for p in status.peers}
    assert peers["province"].calls >= 4
    assert status.calls >= 4


def test_departments_push_in_other_formats(gateway):
    client = gateway.client("municipal")
    for fmt in (data.SUZHOU, data.SUZHOU_PERMIT, data.ZHEJIANG):
        rows = data.rows(fmt)
        receipts = client.push(items(fmt, data.records(fmt), prefix=str(uuid.uuid4())))
        assert len(receipts) == len(rows)
        assert [(r.row, r.key, errors(r)) for r in receipts if r.outcome != protos.NEW] == []


def test_another_area_is_withheld(gateway):
    gateway.client("municipal").push(items(data.SUZHOU, data.records(data.SUZHOU)))
    got = gateway.client("suzhou").pull(data.SUZHOU)  # agencies of Suzhou are not in the grant
    assert got.end.delivered == 0
    assert got.withheld.get("withheld-area", 0) + got.withheld.get("withheld-class", 0) == len(data.rows(data.SUZHOU))
    assert got.withheld["withheld-area"]


def test_the_same_delivery_again_is_a_duplicate(gateway):
    client = gateway.client("province")
    records = data.records(data.NATIONAL_ORG)[:5]
    first = client.push(items(data.NATIONAL_ORG, records))
    again = client.push(items(data.NATIONAL_ORG, records))
    assert [r.outcome for r in again] == [protos.DUPLICATE] * 5
    assert [(r.record_id, r.entry) for r in again] == [(r.record_id, r.entry) for r in first]
    assert gateway.client("operator").status().store.records == 5


def test_the_same_key_with_other_content(gateway):
    client = gateway.client("province")
    one, two, three = data.records(data.NATIONAL_ORG)[:3]
    assert client.push(items(data.NATIONAL_ORG, [one], authority_s=1790000000))[0].outcome == protos.NEW
    # without a time of its own, or with an older one, the new content is no revision
    for time_s in (None, 1790000000, 1780000000):
        refused = client.push(items(data.NATIONAL_ORG, [two], authority_s=time_s))[0]
        assert refused.outcome == protos.REFUSED
        assert errors(refused)[0][0] in ("revision-conflict", "revision-stale", "key-conflict")
    updated = client.push(items(data.NATIONAL_ORG, [three], authority_s=1790000001))[0]
    assert (updated.outcome, updated.revision) == (protos.UPDATED, 2)
