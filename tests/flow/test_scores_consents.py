"""Consents: registered, really looked up, revoked at once, gone when they are over; and nobody else's business."""
import datetime
import sqlite3
import threading
import time
import uuid

import grpc
import pytest

from lib.client import refusal
from lib.scores import BENEFIT, EXPIRED, REVOKED, SCENE, VALID, RecognizeResponse, Scores, person, score


@pytest.fixture(scope="module")
def city(shared):
    return Scores(shared, "municipal")


@pytest.fixture(scope="module")
def counter(shared):
    return Scores(shared, "library-counter")


@pytest.fixture(scope="module")
def hangzhou(shared):
    return Scores(shared, "hangzhou")


def scored(city):
    number = person()
    city.push(score(number))
    return number


def test_used_until_it_is_revoked(city, counter):
    number = scored(city)
    assert not counter.ask(number).benefit
    given = city.register(number, "library-counter")
    assert given.state == VALID and given.to == "library-counter" and list(given.scenes) == [SCENE]
    assert counter.ask(number).benefit
    assert counter.ask(number, consent=given.consent.upper()).benefit
    assert not counter.ask(number, consent=str(uuid.uuid4())).benefit
    revoked = city.revoke(given.consent)
    assert revoked.state == REVOKED and revoked.revoked_at.seconds
    assert counter.ask(number) == RecognizeResponse()
    assert city.status(given.consent) == revoked == city.revoke(given.consent)
    again = city.register(number, "library-counter")
    assert counter.ask(number).benefit and not counter.ask(number, consent=given.consent).benefit
    assert counter.ask(number, consent=again.consent).benefit


def test_to_another_peer_or_for_another_scene_or_person(city, counter, hangzhou):
    number, other = scored(city), scored(city)
    city.register(number, "hangzhou", scenes=["parking-discount"])
    assert hangzhou.ask(number, scene="parking-discount").benefit
    assert not hangzhou.ask(number, scene=SCENE).benefit
    assert not counter.ask(number).benefit
    assert not hangzhou.ask(other, scene="parking-discount").benefit


def test_for_another_purpose(stopped_gateway):
    """A purpose that the agreement has, and the consent has not."""
    for file, old, new in (("agreements/hangzhou.conf", 'purposes = ["benefit"]', 'purposes = ["benefit", "credit-service"]'),
                           ("agreements/hangzhou.conf", "quotas = (", 'quotas = ( { peer = "hangzhou"; purpose = "credit-service"; per_day = 9; },'),
                           ("peers/hangzhou.conf", 'purposes = ["benefit"];', 'purposes = ["benefit", "credit-service"];')):
        path = stopped_gateway.conf / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    stopped_gateway.start()
    city, hangzhou = Scores(stopped_gateway, "municipal"), Scores(stopped_gateway, "hangzhou")
    number = scored(city)
    city.register(number, "hangzhou")
    service = (("xinqiao-purpose", "credit-service"),)
    assert not hangzhou.ask(number, purpose="credit-service", metadata=service).benefit
    city.register(number, "hangzhou", purpose="credit-service")
    assert hangzhou.ask(number, purpose="credit-service", metadata=service).benefit


def test_it_expires(city, counter):
    number = scored(city)
    until = int((time.time() + 1.5) * 1e6)
    given = city.register(number, "library-counter", until_us=until)
    answer = counter.ask(number)
    if time.time() * 1e6 < until:
        assert answer.benefit and answer.until.seconds == until // 10**6
    while time.time() * 1e6 <= until:
        time.sleep(0.05)
    assert counter.ask(number) == RecognizeResponse()
    assert city.status(given.consent).state == EXPIRED


def test_the_same_again_and_another_by_the_same_id(city, hangzhou):
    number, consent = scored(city), str(uuid.uuid4())
    until = int((time.time() + 86400) * 1e6)
    first = city.register(number, "hangzhou", consent=consent, until_us=until)
    assert city.register(number, "hangzhou", consent=consent, until_us=until) == first
    for more in ({"number": scored(city)}, {"to": "library-counter"}, {"scenes": ["parking-discount"]}, {"until_us": until + 1000000}):
        wanted = {"number": number, "to": "hangzhou", "consent": consent, "until_us": until, **more}
        refused = refusal(lambda: city.register(**wanted))
        assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "score-recognition-consent-conflict"), more
    city.revoke(consent)
    assert city.register(number, "hangzhou", consent=consent, until_us=until).state == REVOKED


def test_what_no_consent_may_say(city):
    number = person()
    cases = (
        ({"consent": "1"}, "score-recognition-consent-id", "consent"),
        ({"days": -0.1}, "score-recognition-consent-until", "until"),
        ({"days": 366}, "score-recognition-consent-until", "until"),
        ({"to": "suzhou", "scenes": ["parking-discount", "hospital-pay-later"]}, "score-recognition-scene-unknown", "scenes[1]"),
        ({"to": "province"}, "score-recognition-agreement-none", "to"),
        ({"to": "shaoxing"}, "score-recognition-agreement-none", "to"),
        ({"purpose": "tendering"}, "score-recognition-purpose-unknown", "purpose"),
        ({"scenes": []}, "field-missing", "scenes"),
        ({"scenes": [SCENE, SCENE]}, "score-recognition-scene-repeated", "scenes[1]"),
        ({"scenes": [f"s{i}" for i in range(33)]}, "score-recognition-scenes-many", "scenes"),
        ({"scenes": ["a b"]}, "score-recognition-scene-unknown", "scenes[0]"),
        ({"number": "33"}, "citizen-id-length", "subject.number"),
    )
    for more, reason, field in cases:
        refused = refusal(lambda: city.register(**{"number": number, "to": "library-counter", **more}))
        assert refused.reason == reason and [v.field for v in refused.violations] == [field], (more, refused, refused.violations)
        assert "{" not in refused.texts["zh-CN"] + refused.texts["en"]


def test_as_many_as_are_allowed(shared, city, counter):
    """Valid ones count, by party and purpose; revoked ones make room. What is for another scene hides none, however many."""
    number = scored(city)
    given = [city.register(number, "hangzhou", scenes=["parking-discount"]) for _ in range(16)]
    refused = refusal(lambda: city.register(number, "hangzhou"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "score-recognition-consents-many")
    assert "{" not in refused.texts["zh-CN"] + refused.texts["en"]
    city.register(number, "library-counter")
    assert counter.ask(number).benefit
    city.revoke(given[3].consent)
    city.register(number, "hangzhou")
    hangzhou = Scores(shared, "hangzhou")
    assert hangzhou.ask(number).benefit and hangzhou.ask(number, scene="parking-discount").benefit
    with sqlite3.connect(f"file:{shared.data}/store/xinqiao.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT COUNT(*) FROM score_recognition_scene WHERE consent = ?", (uuid.UUID(given[3].consent).bytes,))
        assert rows.fetchone() == (0,)


def test_nobody_elses_business(stopped_gateway):
    """Another peer with the methods sees and revokes nothing of it; one with the word "authority" does."""
    def grant(name, more=""):
        path = stopped_gateway.conf / f"peers/{name}.conf"
        text = path.read_text()
        at = text.index('  {\n    method = "Health/*";')
        path.write_text(text[:at] + '  { method = "Consents/*"; ' + more + " },\n" + text[at:])
    grant("ningbo")
    grant("wenzhou", 'allow = ["authority"];')
    stopped_gateway.start()
    city, ningbo, wenzhou = (Scores(stopped_gateway, n) for n in ("municipal", "ningbo", "wenzhou"))
    number = scored(city)
    given = city.register(number, "library-counter")
    for call in (lambda: ningbo.status(given.consent), lambda: ningbo.revoke(given.consent), lambda: city.status(str(uuid.uuid4()))):
        refused = refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "score-recognition-consent-unknown")
    assert wenzhou.status(given.consent) == given
    assert wenzhou.revoke(given.consent).state == REVOKED
    assert not Scores(stopped_gateway, "library-counter").ask(number).benefit
    assert refusal(lambda: Scores(stopped_gateway, "hangzhou").status(given.consent)).reason == "no-grant"


@pytest.mark.slow
def test_no_yes_after_revoke_has_answered(shared, city):
    """200 rounds of four askers on connections of their own: what began after the answer to Revoke is never positive."""
    askers = [Scores(shared, "library-counter") for _ in range(4)]
    late, positive = [], [0]
    for _ in range(200):
        number = scored(city)
        given = city.register(number, "library-counter")
        revoked, stop = threading.Event(), threading.Event()

        def ask(peer):
            while True:
                began_late, last = revoked.is_set(), stop.is_set()
                benefit = peer.ask(number).benefit
                positive[0] += benefit
                if began_late and benefit:
                    late.append(number)
                if last:
                    return
        threads = [threading.Thread(target=ask, args=(a,)) for a in askers]
        for t in threads:
            t.start()
        city.revoke(given.consent)
        revoked.set()
        stop.set()
        for t in threads:
            t.join()
    assert not late
    assert positive[0] > 0  # the race was run


def test_revoked_and_valid_ones_over_restart_and_kill(gateway):
    city = Scores(gateway, "municipal")
    kept, gone = scored(city), scored(city)
    city.register(kept, "library-counter")
    taken = city.register(gone, "library-counter")
    city.revoke(taken.consent)
    for way in ("stop", "kill"):
        gateway.drop_clients()
        assert gateway.stop() == 0 if way == "stop" else gateway.kill() is None
        gateway.start()
        counter = Scores(gateway, "library-counter")
        assert counter.ask(kept).benefit and not counter.ask(gone).benefit


def test_no_number_is_stored_and_what_is_over_is_erased(gateway):
    city, number = Scores(gateway, "municipal"), person()
    city.push(score(number))
    given = city.register(number, "library-counter")
    city.revoke(given.consent)
    other = city.register(number, "library-counter")
    gateway.drop_clients()
    gateway.stop()
    for file in gateway.data.rglob("*"):
        assert not file.is_file() or number.encode() not in file.read_bytes(), file
    conf = gateway.conf / "adapters/score_recognition.conf"
    conf.write_text(conf.read_text().replace("consent_keep_days = 1095", "consent_keep_days = 0"))
    gateway.start()
    city = Scores(gateway, "municipal")

    def row(consent):
        with sqlite3.connect(f"file:{gateway.data}/store/xinqiao.db?mode=ro", uri=True) as db:
            return db.execute("SELECT subject, to_peer, purpose, scenes FROM score_recognition_consent WHERE id = ?",
                              (uuid.UUID(consent).bytes,)).fetchone()
    until = time.monotonic() + 60
    while row(given.consent)[0] is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert row(given.consent) == (None, "", "", "")
    assert row(other.consent)[0] is not None
    left = city.status(given.consent)
    assert left.state == REVOKED and left.revoked_at.seconds and not left.to and not left.scenes
    assert refusal(lambda: city.register(number, "library-counter", consent=given.consent)).reason == "score-recognition-consent-conflict"
    assert Scores(gateway, "library-counter").ask(number).benefit
