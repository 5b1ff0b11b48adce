"""The tool and scores: consents registered, looked up and revoked; what a counter is told, and what it is not."""
import datetime
import json
import re

import pytest
from lib.paths import ROOT
from lib.scores import SCENE, person, score, today


def who(gateway, name):
    return ("--as", gateway.pki / name)


@pytest.fixture
def known(gateway, tmp_path):
    """A person with a score, as the file that the commands read."""
    number = person(datetime.date(1991, 4, 8))
    (tmp_path / "score.json").write_text("[\n" + score(number).decode() + "\n]\n")
    gateway.tool("push", tmp_path / "score.json", "--format", "municipal.score@1", *who(gateway, "municipal"), cwd=tmp_path)
    file = tmp_path / "person.txt"
    file.write_text(number + "\n")
    return file


def register(gateway, file, *more, ok=(0,)):
    until = today() + datetime.timedelta(days=90)
    done = gateway.tool("consent", "register", file, "--to", "library-counter", "--for", "benefit", "--scenes", SCENE, "--until", until,
                        *who(gateway, "municipal"), "--json", *more, ok=ok)
    return json.loads(done.stdout) if done.stdout else None


def query(gateway, file, *more, ok):
    return gateway.tool("query", file, "--purpose", "benefit", "--scene", SCENE, *who(gateway, "library-counter"), *more, ok=ok)


def test_yes_by_consent_no_without(gateway, known, tmp_path):
    before = query(gateway, known, ok=(3,)).stdout
    consent = register(gateway, known)
    assert consent["state"] == "valid" and consent["scenes"] == [SCENE]
    assert register(gateway, known, "--id", consent["consent"])["consent"] == consent["consent"]
    shown = json.loads(query(gateway, known, "--consent", consent["consent"], "--json", ok=(0,)).stdout)
    assert shown["benefit"] and shown["until_us"] > 0 and shown["level"] == "" and shown["reason"] == ""
    assert "有效至" in query(gateway, known, ok=(0,)).stdout
    status = ("consent", "status", consent["consent"], *who(gateway, "municipal"))
    assert "有效" in gateway.tool(*status).stdout
    assert "已撤回" in gateway.tool("consent", "revoke", consent["consent"], *who(gateway, "municipal")).stdout
    gateway.tool(*status, ok=(3,))
    assert query(gateway, known, ok=(3,)).stdout == before  # the same words, whatever the cause
    stranger = tmp_path / "stranger.txt"
    stranger.write_text(person(datetime.date(1980, 1, 9)) + "\n")
    assert query(gateway, stranger, ok=(3,)).stdout == before
    assert known.read_text().strip() not in gateway.text()


def test_refusals(gateway, known):
    gateway.tool("query", known, "--scene", SCENE, *who(gateway, "library-counter"), ok=(2,))
    gateway.tool("query", known, "--purpose", "benefit", "--scene", SCENE, *who(gateway, "auditor"), ok=(6,))
    gateway.tool("query", "--purpose", "benefit", "--scene", SCENE, *who(gateway, "library-counter"), input="uscc 11330600002500009G\n", ok=(2,))
    gateway.tool("consent", "revoke", "01a20b4f-71f8-7083-915e-420b0df55b4c", *who(gateway, "municipal"), ok=(6,))
    gateway.tool("consent", "revoke", *who(gateway, "municipal"), ok=(2,))
    gateway.tool("consent", "register", known, "--to", "library-counter", *who(gateway, "municipal"), ok=(2,))
    gateway.tool("consent", "register", known, "--to", "library-counter", "--for", "benefit", "--scenes", SCENE, "--until", "soon",
                 *who(gateway, "municipal"), ok=(2,))
    register(gateway, known, "--to", "nobody-here", ok=(6,))


def test_the_reason_is_a_sentence_for_those_who_may_have_it(gateway, known, tmp_path):
    ask = ("--purpose", "benefit", "--scene", SCENE, *who(gateway, "municipal"))
    register(gateway, known, "--to", "municipal")
    gateway.tool("query", known, *ask)
    (tmp_path / "other.txt").write_text(person(datetime.date(1980, 1, 9)) + "\n")
    (tmp_path / "child.txt").write_text(person(today().replace(year=today().year - 9, day=1)) + "\n")
    register(gateway, tmp_path / "child.txt", "--to", "municipal")
    for file, code, zh, en in (("other.txt", "no-consent", "授权", "consent"), ("child.txt", "under-age", "十八", "under 18")):
        shown = gateway.tool("query", tmp_path / file, *ask, ok=(3,)).stdout
        assert f"score-recognition-{code}" in shown and zh in shown.split("原因：")[1], shown
        assert en in gateway.tool("query", tmp_path / file, *ask, "--lang", "en", ok=(3,)).stdout.split("reason: ")[1]


def test_every_reason_of_a_negative_answer_has_a_sentence():
    """The tool's table holds the codes that the adapter answers with: those of its reasons that are no refusal."""
    source = (ROOT / "adapters/score_recognition/adapter.c").read_text()
    codes = set(re.findall(r'SCORE_REASON\("([a-z-]+)"\), 0,', source))
    table = set(re.findall(r'"score-recognition-([a-z-]+)", 0,', (ROOT / "gateway/cmd/query.c").read_text()))
    assert codes and codes == table, codes ^ table


def test_agreements_are_listed(gateway):
    common = ("query", "--agreements", "--purpose", "benefit", *who(gateway, "hangzhou"))
    shown = json.loads(gateway.tool(*common, "--json").stdout)["agreements"]
    assert [a["id"] for a in shown] == ["hangzhou"] and shown[0]["certainty"] == "invented-for-tests"
    assert "hangzhou" in gateway.tool(*common).stdout


def test_help_in_both_languages(stopped_gateway):
    for command in (["query"], ["consent", "register"], ["consent", "revoke"], ["consent", "status"]):
        zh, en = (stopped_gateway.tool(*command, "--help", "--lang", lang).stdout for lang in ("zh", "en"))
        assert "用法" in zh and "exit codes" in en, command
    assert stopped_gateway.tool("consent", "--help").stdout.count("\n  consent ") == 3


def test_a_citizen_id_that_could_be_a_code_is_one(gateway, tmp_path):
    """One number in thirty has the check character of a credit code too; scores are about persons."""
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    day = datetime.date(1975, 1, 1)
    number = next(n for n in (person(day + datetime.timedelta(days=i)) for i in range(3000))
                  if n[17] == "0123456789ABCDEFGHJKLMNPQRTUWXY"[(31 - sum(w * int(d) for w, d in zip(weights, n)) % 31) % 31])
    (tmp_path / "both.txt").write_text(number + "\n")
    gateway.tool("query", tmp_path / "both.txt", "--purpose", "benefit", "--scene", SCENE, *who(gateway, "municipal"), ok=(3,))
    (tmp_path / "code.txt").write_text("91350100M000100Y43\n")
    gateway.tool("query", tmp_path / "code.txt", "--purpose", "benefit", "--scene", SCENE, *who(gateway, "municipal"), ok=(2,))
