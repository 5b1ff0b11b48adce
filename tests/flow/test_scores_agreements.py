"""Agreements: checked whole before they are used, disclosed fields, quotas over reload and restart, and how the operator sees
them."""
import datetime
import re
import signal
import sqlite3
import subprocess
import time

import grpc

from lib.client import refusal
from lib.paths import DAEMON
from lib.scores import RecognizeResponse, Scores, person, score, today


def edit(gateway, file, *pairs):
    path = gateway.conf / file
    text = path.read_text()
    for old, new in pairs:
        assert re.search(old, text), (file, old)
        text = re.sub(old, new, text, count=1)
    path.write_text(text)


def reload(gateway, good=True):
    """SIGHUP; waits until the gateway says what became of it."""
    before = gateway.text()
    gateway.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        said = gateway.text()[len(before):]
        if re.search(r"reload|generation", said):
            time.sleep(0.2)
            return gateway.text()[len(before):]
        time.sleep(0.05)
    raise AssertionError("nothing was said of the reload")


def known(city, points="680", to="hangzhou"):
    number = person()
    city.push(score(number, points))
    city.register(number, to)
    return number


FAULTS = [
    (r'from = "600"', 'from = "900"', "low to high"),
    (r'from = "600"', 'from = "600.123"', "two decimals"),
    (r'from = "600"', 'from = 600', "two decimals"),
    (r'from = "750"', 'from = "1001"', "outside min and max"),
    (r'level = "良好"', 'level = "一般"', "stands there twice"),
    (r'level = "良好"', 'levle = "良好"', "levle"),
    (r'disclosed = \["benefit"', 'disclosed = ["benefit", "score"', "seen \"score\""),
    (r'disclosed = \["benefit", ', 'disclosed = [', "without it nothing is answered"),
    (r'"library-deposit-free", "parking-discount"', '"parking-discount", "parking-discount"', "stands there twice"),
    (r'"library-deposit-free"', '"Library"', "a code of"),
    (r'peer = "hangzhou"', 'peer = "suzhou"', "no party that asks us"),
    (r'purpose = "benefit"', 'purpose = "tendering"', "none of the agreement"),
    (r'per_day = 100000', 'per_day = 0', "per_day"),
    (r'quotas = \(.*\);', 'quotas = ();', "expected one of"),
    (r'scale = "shaoxing"; edition = "2026"; min', 'scale = "shaoxing"; min', "edition"),
    (r'scale = "qianjiang"; edition = "2018"', 'scale = "qianjiang"', "edition"),
    (r'max = "1000"', 'max = "0"', "more than min"),
    (r'answer_valid_days = 30', 'answer_valid_days = -1', "answer_valid_days"),
    (r'oldest_days = 120;', '', "oldest_days"),
    (r'parties = \["shaoxing", "hangzhou"\]', 'parties = ["ningbo", "hangzhou"]', "option self"),
    (r'purposes = \["benefit"\]', 'purposes = ["basic-service-access"]', "basic service"),
    (r'id = "hangzhou"', 'id = "other"', "other"),
    (r'from = "2026-01-01"', 'from = "2026-02-30"', "2026-02-30"),
    (r'certainty = "invented-for-tests"', 'certainty = "sure"', "sure"),
]


def test_each_fault_is_named_with_file_and_line(stopped_gateway):
    path = stopped_gateway.conf / "agreements/hangzhou.conf"
    good = path.read_text()
    for old, new, told in FAULTS:
        assert re.search(old, good), old
        path.write_text(re.sub(old, new, good, count=1))
        done = subprocess.run([str(DAEMON), "-c", str(stopped_gateway.file), "--check"], capture_output=True, text=True)
        shown = done.stdout + done.stderr
        assert done.returncode != 0, (old, shown)
        assert re.search(r"agreements/hangzhou\.conf(:\d+)?: [^\n]*" + re.escape(told), shown), (old, shown)
    path.write_text(good)


def test_two_agreements_with_one_answer_each(stopped_gateway):
    text = (stopped_gateway.conf / "agreements/hangzhou.conf").read_text()
    (stopped_gateway.conf / "agreements/second.conf").write_text(text.replace('id = "hangzhou"', 'id = "second"'))
    done = subprocess.run([str(DAEMON), "-c", str(stopped_gateway.file), "--check"], capture_output=True, text=True)
    assert done.returncode != 0 and "by agreement hangzhou at the same time" in done.stdout + done.stderr


def test_a_refused_reload_leaves_the_old_one(gateway):
    city, hangzhou = Scores(gateway, "municipal"), Scores(gateway, "hangzhou")
    number = known(city)
    edit(gateway, "agreements/hangzhou.conf", (r'from = "600"', 'from = "900"'))
    said = reload(gateway)
    assert "low to high" in said, said
    assert hangzhou.ask(number).level == "良好"
    edit(gateway, "agreements/hangzhou.conf", (r'from = "900"', 'from = "690"'))
    reload(gateway)
    until = time.monotonic() + 20
    while hangzhou.ask(number).level != "一般" and time.monotonic() < until:
        time.sleep(0.05)
    assert hangzhou.ask(number).level == "一般"


def test_only_what_is_disclosed(stopped_gateway):
    edit(stopped_gateway, "agreements/hangzhou.conf", (r"disclosed = \[[^]]*\]", 'disclosed = ["benefit"]'))
    edit(stopped_gateway, "agreements/suzhou.conf", (r"disclosed = \[[^]]*\]", 'disclosed = ["benefit", "level"]'))
    stopped_gateway.start()
    city, hangzhou, suzhou = (Scores(stopped_gateway, n) for n in ("municipal", "hangzhou", "suzhou"))
    number = known(city)
    city.register(number, "suzhou")
    assert hangzhou.ask(number) == RecognizeResponse(benefit=True)
    assert suzhou.ask(number) == RecognizeResponse(benefit=True, level="可享基础便利")


def test_an_agreement_that_is_not_in_force(stopped_gateway):
    day = datetime.timedelta(days=1)
    edit(stopped_gateway, "agreements/hangzhou.conf", (r'until = "2027-12-31"', f'until = "{today() - day}"'))
    edit(stopped_gateway, "agreements/suzhou.conf", (r'from = "2026-01-01"', f'from = "{today() + day}"'))
    edit(stopped_gateway, "agreements/ningbo.conf", (r'until = "2027-12-31"', f'until = "{today() + day}"'))
    stopped_gateway.start()
    for name in ("hangzhou", "suzhou"):
        peer = Scores(stopped_gateway, name)
        refused = refusal(lambda: peer.ask(person()))
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "score-recognition-agreement-none")
        assert not peer.agreements()
    ningbo = Scores(stopped_gateway, "ningbo")
    city = Scores(stopped_gateway, "municipal")
    answer = ningbo.ask(known(city, to="ningbo"))
    end = datetime.datetime.combine(today() + 2 * day, datetime.time(), datetime.timezone(datetime.timedelta(hours=8)))
    assert answer.benefit and answer.until.seconds == end.timestamp()


def stored(gateway):
    with sqlite3.connect(f"file:{gateway.data}/store/xinqiao.db?mode=ro", uri=True) as db:
        return db.execute("SELECT COALESCE(MAX(used), 0) FROM score_recognition_quota WHERE agreement = 'library-counter'").fetchone()[0]


def test_quotas_hold_over_reload_and_restart(stopped_gateway):
    edit(stopped_gateway, "agreements/library-counter.conf", (r"per_day = 5000", "per_day = 5"))
    stopped_gateway.start()
    city, counter = Scores(stopped_gateway, "municipal"), Scores(stopped_gateway, "library-counter")
    number = known(city, to="library-counter")
    for i in range(5):
        counter.ask(number if i % 2 else person())  # a "no" counts as well
    refused = refusal(lambda: counter.ask(number))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "score-recognition-quota")
    assert (today() + datetime.timedelta(days=1)).isoformat() in refused.texts["en"]
    batch = refusal(lambda: counter.batch([counter.question(number)]))
    assert batch.reason == "score-recognition-quota"
    assert Scores(stopped_gateway, "municipal").ask(number).reason == "score-recognition-no-consent"  # its own quota
    reload(stopped_gateway)
    assert refusal(lambda: counter.ask(number)).reason == "score-recognition-quota"
    until = time.monotonic() + 60
    while stored(stopped_gateway) < 5 and time.monotonic() < until:  # a tick
        time.sleep(0.1)
    stopped_gateway.drop_clients()
    stopped_gateway.stop()
    stopped_gateway.start()
    counter = Scores(stopped_gateway, "library-counter")
    until = time.monotonic() + 20
    refusals = []
    while time.monotonic() < until and not refusals:
        try:
            counter.ask(number)
        except grpc.RpcError as error:
            refusals.append(error)
    assert refusals and refusals[0].code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_operator_sees_what_ends_and_what_is_used(stopped_gateway):
    ends = {"hangzhou": 40, "suzhou": 30, "ningbo": 14, "wenzhou": 3, "city": -1}
    for name, days in ends.items():
        edit(stopped_gateway, f"agreements/{name}.conf", (r'until = "2027-12-31"', f'until = "{today() + datetime.timedelta(days=days)}"'))
    edit(stopped_gateway, "agreements/library-counter.conf", (r"per_day = 5000", "per_day = 2"))
    stopped_gateway.start()
    counter = Scores(stopped_gateway, "library-counter")
    for _ in range(2):
        counter.ask(person())
    status = stopped_gateway.client("operator").status()
    lines = {line.item: line for a in status.adapters if a.name == "score_recognition" for line in a.lines}
    seen = {name: (lines[f"agreement {name}"].state, lines[f"agreement {name}"].red) for name in ends}
    assert seen == {"hangzhou": ("ok", False), "suzhou": ("ends-30", True), "ningbo": ("ends-14", True), "wenzhou": ("ends-3", True),
                    "city": ("ended", True)}
    assert "invented-for-tests" in lines["agreement hangzhou"].text_en and lines["agreement hangzhou"].text_zh
    quota = lines["quota library-counter library-counter benefit"]
    assert (quota.state, quota.red) == ("full", True) and "2 of 2" in quota.text_en
    assert "quota city municipal benefit" not in lines
