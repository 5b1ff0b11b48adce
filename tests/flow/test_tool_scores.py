"""The tool and scores: consents registered, looked up and revoked; what a counter is told, and what it is not."""
import datetime
import json

import pytest
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
