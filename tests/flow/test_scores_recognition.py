"""What a question about a score is answered: by the agreement, by a consent that is looked up, and else by one "no" that
looks the same whatever its cause."""
import datetime
import json
import re
import threading

import grpc
import pytest

from lib.client import Refusal, refusal
from lib.scores import BENEFIT, PASSPORT, RecognizeResponse, Scores, person, score, serial, today
from lib.tap import Tap


@pytest.fixture(scope="module")
def city(shared):
    return Scores(shared, "municipal")


@pytest.fixture(scope="module")
def counter(shared):
    return Scores(shared, "library-counter")


@pytest.fixture(scope="module")
def hangzhou(shared):
    return Scores(shared, "hangzhou")


def known(city, points="680", to="library-counter", born=datetime.date(1990, 3, 7), **more):
    number = person(born)
    city.push(score(number, points, **more))
    city.register(number, to)
    return number


def negatives(city, to):
    """Five persons who get a "no", each for another cause, and its reason."""
    def registered(number):
        city.register(number, to)
        return number
    no_consent = person()
    city.push(score(no_consent))
    minor = today().replace(year=today().year - 10, day=1)
    return {
        "no-consent": no_consent,
        "unknown-subject": registered(person()),
        "below-band": known(city, "480.5", to),
        "under-age": known(city, to=to, born=minor),
        "stale": known(city, to=to, as_of=today() - datetime.timedelta(days=400)),
    }


def test_the_agreement_is_the_answer(city, hangzhou):
    for points, level, count in (("550", "一般", 1), ("599.99", "一般", 1), ("600", "良好", 2), ("700", "优秀", 3), ("749.99", "优秀", 3),
                                 ("750", "极好", 4), ("1000", "极好", 4)):
        number = known(city, points, "hangzhou")
        got = hangzhou.ask(number)
        assert (got.benefit, got.level, len(got.benefits), got.agreement, got.reason) == (True, level, count, "hangzhou", ""), points


def test_a_counter_is_told_yes_and_until_when_alone(city, counter):
    got = counter.ask(known(city))
    assert got.benefit and got.until.seconds
    got.ClearField("benefit")
    got.ClearField("until")
    assert got.SerializeToString() == b""


def test_until_ends_with_the_day_or_the_consent(city, counter):
    tomorrow_end = datetime.datetime.combine(today() + datetime.timedelta(days=2), datetime.time(),
                                             datetime.timezone(datetime.timedelta(hours=8))).timestamp()
    assert counter.ask(known(city)).until.seconds == tomorrow_end
    number = person()
    city.push(score(number))
    given = city.register(number, "library-counter", days=0.5)
    assert counter.ask(number).until.seconds == given.until.seconds


def test_all_negative_answers_are_one(city, counter):
    """Contents and sizes: the message, and all trailers but the index of the entry."""
    seen = set()
    for reason, number in negatives(city, "library-counter").items():
        call = counter.scores.Recognize.with_call(counter.question(number), metadata=BENEFIT, timeout=30)
        message, ended = call
        trailers = {k: v for k, v in ended.trailing_metadata()}
        receipt = trailers.pop("exchange-receipt")
        assert re.fullmatch(r"\S+ \d+", receipt)
        seen.add((message.SerializeToString(), ended.code(), ended.details(), tuple(sorted(trailers.items())),
                  tuple(sorted(ended.initial_metadata()))))
    assert len(seen) == 1
    message, code, details, trailers, _ = seen.pop()
    assert (message, code, details, trailers) == (b"", grpc.StatusCode.OK, "", ())


def test_sizes_on_the_wire_are_equal(shared, city):
    """Through a pipe that counts: each answer's bytes behind TLS, frames and all, apart from the digits of the receipt."""
    persons = negatives(city, "library-counter")
    tap = Tap(("127.0.0.1", shared.port))
    try:
        counter = Scores(shared, "library-counter", address=tap.address, options=[("grpc.http2.bdp_probe", 0)])
        counter.ask(persons["no-consent"])  # the header table of the connection is filled
        sizes = {}
        for reason, number in list(persons.items()) * 2:
            before = tap.settled()
            counter.ask(number)
            sizes[reason] = tap.settled() - before
        # The receipt's index grows: HPACK may need a byte more or less for one digit.
        assert max(sizes.values()) - min(sizes.values()) <= 1, sizes
    finally:
        tap.stop()


def test_reasons_stand_in_the_log_and_go_where_they_are_granted(shared, city, counter, hangzhou):
    for reason, number in negatives(city, "municipal").items():
        got = city.ask(number)
        assert not got.benefit and got.reason == "score-recognition-" + reason
        shared.published(shared.client("operator").status().log.entries)
        found = search(shared, number)
        entry = next(json.loads(line) for line in found.splitlines() if "ScoreRecognition/Recognize" in line)
        assert entry["reason"] == "score-recognition-" + reason and entry["agreement"] == "city", entry
        assert entry["decision"] == 1 and entry["purpose"] == "benefit", entry
        assert ("consent_ref" in entry) == (reason != "no-consent"), entry
        assert number not in found and number not in shared.text()
    for number in negatives(city, "hangzhou").values():
        assert hangzhou.ask(number) == RecognizeResponse()


def search(gateway, number):
    """What the log says of the person: its index is behind by some milliseconds."""
    return gateway.tool("log", "search", gateway.log_dir, "--keys", gateway.keys, "--subject", f"CN-ID:{number}", "--json").stdout


def test_a_document_that_is_no_citizen_id(city, counter):
    number = f"E{next(serial):08d}"
    city.push(score(number, zjlx="护照号"))
    city.register(number, "library-counter", kind=PASSPORT)
    city.register(number, "municipal", kind=PASSPORT)
    assert counter.ask(number, kind=PASSPORT) == RecognizeResponse()
    assert city.ask(number, kind=PASSPORT).reason == "score-recognition-age-unknown"


def test_eighteen_on_the_birthday_in_utc8(city):
    for _ in range(3):
        day = today()
        adult = known(city, to="municipal", born=before(day))
        minor = known(city, to="municipal", born=before(day + datetime.timedelta(days=1)))
        answers = (city.ask(adult), city.ask(minor))
        if today() == day:  # else it was midnight meanwhile
            break
    assert answers[0].benefit and answers[1].reason == "score-recognition-under-age"


def before(day):
    """Eighteen years before it; of 29 February, 1 March."""
    try:
        return day.replace(year=day.year - 18)
    except ValueError:
        return datetime.date(day.year - 18, 3, 1)


def test_the_latest_score_of_the_agreed_scale_counts(city):
    number = known(city, "590", "municipal", as_of=today() - datetime.timedelta(days=10))
    assert city.ask(number).level == "一般"
    city.push(score(number, "720", as_of=today() - datetime.timedelta(days=3)))
    city.push(score(number, "540", as_of=today() - datetime.timedelta(days=30)))
    city.push(score(number, "999", scale="qianjiang"))
    city.push(score(number, "999", edition="2025"))
    assert city.ask(number).level == "优秀"


def test_scores_of_another_scale_or_edition_are_not_compared(city):
    for more in ({"scale": "qianjiang"}, {"edition": "2025"}):
        assert city.ask(known(city, "900", "municipal", **more)).reason == "score-recognition-scale-mismatch"


def test_faults_of_the_question_are_refused_with_their_field(shared, city, counter):
    number = known(city)
    wrong_digit = number[:-1] + ("0" if number[-1] != "0" else "1")
    cases = [
        (lambda: counter.ask(number, scene="free-flights"), "score-recognition-scene-unknown", "scene"),
        (lambda: counter.ask(number, scene=""), "field-missing", "scene"),
        (lambda: counter.ask(number, purpose="tendering"), "score-recognition-purpose-differs", "purpose"),
        (lambda: counter.ask(number, purpose=""), "field-missing", "purpose"),
        (lambda: counter.ask(number, agreement="hangzhou"), "score-recognition-agreement-none", "agreement"),
        (lambda: counter.ask(number, consent="mine"), "score-recognition-consent-id", "consent"),
        (lambda: counter.ask(number, key="k" * 65), "score-recognition-key-long", "key"),
        (lambda: counter.ask(wrong_digit), "citizen-id-check", "subject.number"),
        (lambda: counter.ask(number[:17]), "citizen-id-length", "subject.number"),
        (lambda: counter.ask(""), "field-missing", "subject.number"),
        (lambda: counter.ask(number, kind=0), "field-missing", "subject.kind"),
    ]
    for call, reason, field in cases:
        refused = refusal(call)
        assert refused.reason == reason and [v.field for v in refused.violations] == [field], (reason, refused, refused.violations)
        assert "{" not in refused.texts["zh-CN"] + refused.texts["en"] and number[:17] not in refused.message
    refused = refusal(lambda: counter.ask(number, metadata=None))
    assert refused.reason == "purpose-missing"
    refused = refusal(lambda: counter.ask(number, metadata=(("xinqiao-purpose", "basic-service-access"),)))
    assert refused.code == grpc.StatusCode.PERMISSION_DENIED
    province = Scores(shared, "province")
    assert refusal(lambda: province.ask(number)).reason == "no-grant"


def test_a_grant_that_does_not_cover_persons(stopped_gateway):
    path = stopped_gateway.conf / "peers/library-counter.conf"
    path.write_text(path.read_text().replace('classes = ["person"];', 'classes = ["organisation"];'))
    stopped_gateway.start()
    refused = refusal(lambda: Scores(stopped_gateway, "library-counter").ask(person()))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "withheld-class")
    assert "{" not in refused.texts["zh-CN"] + refused.texts["en"] and "not stated" not in refused.texts["en"]


def test_a_batchs_entries_count_what_was_refused(shared, city, hangzhou):
    yes, no = known(city, "710", "hangzhou"), person()
    before = shared.client("operator").status().log.entries
    assert sum(a.benefit for a in hangzhou.batch([hangzhou.question(p) for p in (yes, no, no, yes, no)])) == 2
    after = shared.client("operator").status().log.entries
    shared.published(after)
    entries = [e for e in shared.entries()[before:] if e.method == "ScoreRecognition/RecognizeBatch"]
    assert entries[-1].end and (entries[-1].record_count, entries[-1].refused_count) == (2, 3)
    assert {e.agreement for e in entries[:-1] if e.record_count or e.refused_count} == {"hangzhou"}


def test_agreements_are_told_to_their_parties(city, counter, hangzhou):
    assert set(counter.agreements()) == {"library-counter"}
    mine = hangzhou.agreements()
    assert set(mine) == {"hangzhou"}
    a = mine["hangzhou"]
    assert list(a.parties) == ["shaoxing", "hangzhou"] and a.certainty == "invented-for-tests"
    assert [(getattr(b, "from"), b.level) for b in a.bands] == [("550", "一般"), ("600", "良好"), ("700", "优秀"), ("750", "极好")]
    assert (a.source_scale, a.source_edition, a.target_scale) == ("shaoxing", "2026", "qianjiang")
    assert (a.valid_from.year, a.valid_to.day) == (2026, 31)
    assert {"hangzhou", "suzhou", "ningbo", "wenzhou", "library-counter", "city"} <= set(city.agreements())


def test_a_batch_is_answered_in_order(city, hangzhou):
    yes, no = known(city, "710", "hangzhou"), person()
    questions = [hangzhou.question(yes if i % 3 == 0 else no, key=f"q{i}") for i in range(3000)]
    got = list(hangzhou.batch(questions))
    assert [g.key for g in got] == [f"q{i}" for i in range(3000)]
    assert all(g.benefit == (i % 3 == 0) for i, g in enumerate(got))
    negative = {g.SerializeToString().replace(g.key.encode(), b"") for g in got if not g.benefit and len(g.key) == 5}
    assert len(negative) == 1


def test_a_bad_question_ends_the_batch_after_the_answers_before_it(city, hangzhou):
    yes = known(city, "710", "hangzhou")
    questions = [hangzhou.question(yes, key=str(i)) for i in range(5)] + [hangzhou.question(yes, scene="nowhere"), hangzhou.question(yes)]
    got = []
    with pytest.raises(grpc.RpcError) as raised:
        for answer in hangzhou.batch(questions):
            got.append(answer.key)
    refused = Refusal(raised.value)
    assert got == ["0", "1", "2", "3", "4"]
    assert refused.reason == "score-recognition-scene-unknown" and [v.field for v in refused.violations] == ["[5].scene"]


def test_a_batch_waits_for_a_slow_reader(city, hangzhou):
    yes = known(city, "710", "hangzhou")
    go, sent = threading.Event(), []

    def questions():
        for i in range(60000):
            sent.append(i)
            yield hangzhou.question(yes, key=f"{i:064d}")
    call = hangzhou.batch(questions(), timeout=300)
    first = next(call)
    assert first.key == f"{0:064d}" and first.benefit
    last = -1
    while last != len(sent):  # until the sender is held back
        last = len(sent)
        go.wait(0.7)
    assert len(sent) < 60000
    rest = [a.key for a in call]
    assert rest == [f"{i:064d}" for i in range(1, 60000)]
