"""Checking a subject: hits and what they say; missing, empty, stale and held lists told apart everywhere."""
import datetime
import time

import pytest
from lib import lists
from lib.client import refusal
from lib.lists import FIRMS, PEOPLE, SERIOUS, Puller, check, entry, outcomes, publish, record, removal, states, version

DAY = 86400


@pytest.fixture
def filled(gateway):
    got = publish(gateway.client("market-bureau"), [
        entry("o-1", record(FIRMS[0]), 1, SERIOUS), entry("o-2", record(FIRMS[1]), 1, SERIOUS), entry("p-1", record(person=PEOPLE[0]), 1, SERIOUS)])
    assert set(outcomes(got)) == {"new"}
    gateway.ids = [r.id for r in got]
    return gateway


def line_states(gateway):
    status = gateway.client("operator").status()
    return {(line.item, line.state) for a in status.adapters if a.name == "sanction_list" for line in a.lines}


def test_a_hit_says_list_basis_authority_days_and_lawful_measures(filled):
    answer = check(filled.client("municipal"), uscc=FIRMS[0]["uscc"], lists=[SERIOUS])
    hit, = answer.hits
    assert (hit.list, hit.law, hit.id, hit.revision, hit.authority) == (SERIOUS, SERIOUS, filled.ids[0], 1, "绍兴市市场监督管理局")
    assert hit.title_zh and hit.title_en and "失信名单管理办法" in hit.basis
    decided = lists.today() - datetime.timedelta(days=30)
    assert (hit.listed_on.year, hit.listed_on.month, hit.listed_on.day) == (decided.year, decided.month, decided.day)
    assert hit.until.date.year and not hit.until.no_end
    assert hit.measures and all(m.id and m.content_zh and m.basis and m.agency and m.edition for m in hit.measures)
    assert states(answer) == {SERIOUS: "current"}


def test_who_is_not_listed_or_listed_no_more_has_no_hit(filled):
    municipal = filled.client("municipal")
    assert not check(municipal, uscc=FIRMS[5]["uscc"]).hits
    publish(filled.client("market-bureau"), [removal("o-1", 2, "repaired", SERIOUS)])
    assert not check(municipal, uscc=FIRMS[0]["uscc"]).hits and len(check(municipal, uscc=FIRMS[1]["uscc"]).hits) == 1


def test_all_lists_of_the_grant_are_looked_at_and_said(filled):
    answer = check(filled.client("municipal"), uscc=FIRMS[0]["uscc"])
    said = states(answer)
    assert said[SERIOUS] == "current" and said[lists.ABNORMAL] == "missing" and said["court-defaulter"] == "missing" and len(said) > 5
    assert set(states(check(filled.client("hangzhou"), uscc=FIRMS[0]["uscc"]))) == {SERIOUS}


def test_persons_by_number_for_whom_the_grant_covers_them(filled):
    number = PEOPLE[0]["document_number"]
    hit, = check(filled.client("municipal"), citizen_id=number).hits
    assert hit.id == filled.ids[2] and PEOPLE[0]["name"] not in str(hit) and number not in str(hit)
    assert refusal(lambda: check(filled.client("hangzhou"), citizen_id=number)).reason == "withheld-class"


def test_what_a_grant_keeps_back_is_said_listed_or_not(stopped_gateway):
    file = stopped_gateway.conf / "peers/hangzhou.conf"
    head, tail = file.read_text().split('method = "ListExchange/Check";', 1)
    tail = tail.replace('areas = ["*"];', 'areas = ["3301"];\n    classes = ["organisation"];', 1)
    file.write_text(head + 'method = "ListExchange/Check";' + tail)
    stopped_gateway.start()
    assert outcomes(publish(stopped_gateway.client("market-bureau"), [entry("o-1", record(FIRMS[0]), 1, SERIOUS)])) == ["new"]
    hangzhou, municipal = stopped_gateway.client("hangzhou"), stopped_gateway.client("municipal")
    for firm in (FIRMS[0], FIRMS[5]):
        answer = check(hangzhou, uscc=firm["uscc"])
        assert not answer.hits and answer.withheld == "withheld-area"
        assert not check(municipal, uscc=firm["uscc"]).withheld
    # The code of a sole trader: a grant of organisations alone can not answer.
    assert refusal(lambda: check(hangzhou, uscc="92330681MA9X00476G")).reason == "withheld-class"


def test_more_hits_than_an_answer_holds_are_told(gateway):
    rows = [entry(f"o-{i}", record(FIRMS[0]), 1, SERIOUS) for i in range(65)]
    publish(gateway.client("market-bureau"), rows)
    municipal = gateway.client("municipal")
    answer = check(municipal, uscc=FIRMS[0]["uscc"], lists=[SERIOUS])
    assert (len(answer.hits), answer.more) == (64, True)
    request = lists.CheckBatchRequest(subjects=[{"uscc": FIRMS[0]["uscc"]}], lists=[SERIOUS])
    one, = lists.service(municipal).CheckBatch(request, timeout=30, metadata=lists.PURPOSE).answers
    assert (len(one.hits), one.more) == (64, True)
    # Entries of another list do not take the place of those that are asked for.
    assert not check(municipal, uscc=FIRMS[0]["uscc"], lists=[lists.ABNORMAL]).more
    publish(gateway.client("market-bureau"), [removal("o-0", 2, "exited", SERIOUS)])
    answer = check(municipal, uscc=FIRMS[0]["uscc"], lists=[SERIOUS])
    assert (len(answer.hits), answer.more) == (64, False)


def test_malformed_questions_are_refused(filled):
    municipal = filled.client("municipal")
    for bad in ({}, {"uscc": "91330602"}, {"uscc": FIRMS[0]["uscc"], "citizen_id": PEOPLE[0]["document_number"]}, {"citizen_id": "3" * 17 + "A"},
                {"uscc": FIRMS[0]["uscc"].lower()}, {"uscc": FIRMS[0]["uscc"][:-1] + "*"}):
        assert refusal(lambda: check(municipal, **bad)).reason == "sanction-list-subject-invalid", bad
    assert refusal(lambda: check(municipal, uscc=FIRMS[0]["uscc"], lists=["nothing"])).reason == "sanction-list-list-unknown"
    assert refusal(lambda: check(filled.client("hangzhou"), uscc=FIRMS[0]["uscc"], lists=["tax-serious"])).reason.startswith("withheld")
    assert refusal(lambda: check(filled.client("market-bureau"), uscc=FIRMS[0]["uscc"])).reason == "no-grant"


def test_a_batch_answers_in_order_and_names_what_it_could_not_look_up(filled):
    subjects = [{"uscc": FIRMS[1]["uscc"]}, {"uscc": "x"}, {"uscc": FIRMS[9]["uscc"]}, {"citizen_id": PEOPLE[0]["document_number"]}]
    request = lists.CheckBatchRequest(subjects=subjects, lists=[SERIOUS])
    answer = lists.service(filled.client("municipal")).CheckBatch(request, timeout=30, metadata=lists.PURPOSE)
    assert [len(a.hits) for a in answer.answers] == [1, 0, 0, 1]
    assert [a.reason for a in answer.answers] == ["", "sanction-list-subject-invalid", "", ""] and states(answer) == {SERIOUS: "current"}
    many = lists.CheckBatchRequest(subjects=[{"uscc": FIRMS[1]["uscc"]}] * 1001)
    assert refusal(lambda: lists.service(filled.client("municipal")).CheckBatch(many, timeout=30, metadata=lists.PURPOSE)).reason == "sanction-list-batch-large"
    full = lists.CheckBatchRequest(subjects=[{"uscc": FIRMS[1]["uscc"]}] * 1000, lists=[SERIOUS])
    assert len(lists.service(filled.client("municipal")).CheckBatch(full, timeout=60, metadata=lists.PURPOSE).answers) == 1000


def test_missing_empty_stale_and_held_are_told_apart_everywhere(gateway):
    now = int(time.time())
    bureau, province, municipal = (gateway.client(n) for n in ("market-bureau", "province", "municipal"))
    row = record(FIRMS[0])
    publish(bureau, version("v1", [entry("a", row)], now - 1000))
    publish(bureau, version("v2", [], now - 900, empty=True))
    publish(bureau, version("e1", [], now - 1000, lst=lists.ABNORMAL, empty=True))
    publish(province, version("s1", [], now - 200 * DAY, lst="tax-serious", empty=True))
    wanted = {SERIOUS: "current+held", lists.ABNORMAL: "empty", "tax-serious": "stale", "work-safety": "missing"}
    said = states(check(municipal, uscc=FIRMS[0]["uscc"], lists=list(wanted)))
    assert said == wanted
    shown = lists.lists_of(gateway.client("operator"))
    assert {k: lists.CONDITIONS[shown[k].condition] + ("+held" if shown[k].held else "") for k in wanted} == wanted
    for name, state in wanted.items():
        puller = Puller(lst=name)
        puller.pull(municipal)
        assert lists.CONDITIONS[puller.state.condition] + ("+held" if puller.state.held else "") == state
    assert {(SERIOUS, "current"), (SERIOUS, "held"), (lists.ABNORMAL, "empty"), ("tax-serious", "stale"), ("work-safety", "missing")} <= line_states(gateway)


def test_masked_numbers_are_counted_for_they_can_not_be_found(gateway):
    number = PEOPLE[0]["document_number"]
    masked = dict(PEOPLE[0], document_number=number[:10] + "****" + number[14:])
    got = publish(gateway.client("market-bureau"), [entry("m", record(person=masked), 1, SERIOUS)])
    assert outcomes(got) == ["new"], got
    answer = check(gateway.client("municipal"), citizen_id=number, lists=[SERIOUS])
    assert not answer.hits and answer.states[0].unmatched == 1 and answer.states[0].entries == 1
    publish(gateway.client("market-bureau"), [removal("m", 2, "exited", SERIOUS)])
    assert check(gateway.client("municipal"), citizen_id=number, lists=[SERIOUS]).states[0].unmatched == 0


def test_a_check_is_an_exchange_with_its_subject(filled):
    check(filled.client("municipal"), uscc=FIRMS[0]["uscc"], lists=[SERIOUS])
    filled.published(3)
    time.sleep(1)
    found = [e for e in filled.entries() if e.method.endswith("ListExchange/Check")]
    assert len(found) == 1 and found[0].list == SERIOUS and found[0].purpose == "credit-supervision"
    assert FIRMS[0]["uscc"] not in str(found[0])
