"""Translation between each pair of a kind, by RPC and offline by the tool: exact both ways, losses declared."""
import hashlib
import itertools
import json

import pytest
from lib import data, protos
from lib.paths import ROOT

PAIRS = [p for kind in (data.PENALTIES, data.PERMITS) for p in itertools.permutations(kind, 2)]


def split(fmt, document):
    """Records of a package the gateway wrote."""
    if not document:
        return []
    if fmt not in data.XML:
        found = json.loads(document)
        if isinstance(found, dict):
            found = next(v for v in found.values() if isinstance(v, list))
        return found
    text = document.decode()
    return [r.split("</record>")[0] for r in text.split("<record>")[1:]]


@pytest.mark.parametrize("fmt", (*data.PENALTIES, *data.PERMITS))
def test_to_canonical_and_back_is_byte_exact(shared, fmt):
    client = shared.client("municipal")
    for number, record in enumerate(data.records(fmt)):
        there = client.translate(fmt, data.CANONICAL, record)
        assert there.translated == 1, (number, [(f.reason, f.field) for f in there.findings])
        back = client.translate(data.CANONICAL, fmt, there.document)
        assert back.translated == 1, (number, [(f.reason, f.field) for f in back.findings])
        assert record in back.document, (number, record.decode(), back.document.decode())


@pytest.mark.parametrize("source,target", PAIRS, ids=[f"{a}-to-{b}" for a, b in PAIRS])
def test_a_package_of_each_pair(shared, source, target):
    answer = shared.client("municipal").translate(source, target, data.package(source))
    assert answer.total == len(data.rows(source))
    assert answer.translated + answer.refused == answer.total
    assert answer.translated == len(split(target, answer.document))
    refused = {f.row for f in answer.findings if f.type == protos.ERROR}
    assert len(refused) == answer.refused
    for finding in answer.findings:
        assert finding.row and finding.reason and finding.text_zh and finding.text_en
    # nothing is lost in silence: a record with a loss says so, and what the law needs is refused, never lost
    losses = {f.field for f in answer.findings if f.type == protos.enum_value("xinqiao.v1.Finding.Type", "TYPE_LOSS")}
    assert not losses & {"CF_JDRQ", "CF_YJ", "CF_NR_FK", "CF_CFLB", "PENALTY", "FINE"}


# Suzhou's tables have no facts, no kind of breach, no representative, no period of a permit: what they lack is not made up.
POOR = (data.SUZHOU, data.SUZHOU_PERMIT)
FIRMS = [p for p in PAIRS if "person" not in p[0] + p[1]]


@pytest.mark.parametrize("source,target", FIRMS, ids=[f"{a}-to-{b}" for a, b in FIRMS])
def test_records_arrive_or_say_what_they_lack(shared, source, target):
    answer = shared.client("municipal").translate(source, target, data.package(source))
    if source not in POOR:
        assert answer.translated > 0
        return
    assert answer.translated == 0
    lacking = {f.row for f in answer.findings if f.reason in ("target-field-missing", "target-class")}
    assert len(lacking) == answer.total


def test_persons_never_become_organisations(shared):
    answer = shared.client("municipal").translate(data.NATIONAL_PERSON, data.NATIONAL_ORG, data.package(data.NATIONAL_PERSON))
    assert answer.translated == 0
    answer = shared.client("municipal").translate(data.NATIONAL_ORG, data.NATIONAL_PERSON, data.package(data.NATIONAL_ORG))
    assert answer.translated == 0


def test_penalties_never_become_permits(shared):
    from lib.client import refusal
    refused = refusal(lambda: shared.client("municipal").translate(data.NATIONAL_ORG, data.PERMIT_ORG, data.package(data.NATIONAL_ORG)))
    assert refused.reason == "format-pair"


def test_translate_stores_nothing(shared):
    before = shared.client("operator").status().store.records
    shared.client("municipal").translate(data.NATIONAL_ORG, data.SUZHOU, data.package(data.NATIONAL_ORG))
    assert shared.client("operator").status().store.records == before


@pytest.mark.parametrize("source,target", PAIRS, ids=[f"{a}-to-{b}" for a, b in PAIRS])
def test_the_tool_says_the_same_offline(shared, tmp_path, source, target):
    answer = shared.client("municipal").translate(source, target, data.package(source))
    out = tmp_path / "out"
    done = shared.tool("translate", "--from", source, "--to", target, "--in", data.package_path(source), "--out", out, "--json",
                       "--formats", ROOT / "conf/formats", "--defaults", ROOT / "conf/peers/municipal.conf", ok=(0, 3))
    assert (done.returncode == 0) == (answer.refused == 0)
    assert split(target, out.read_bytes()) == split(target, answer.document)
    shown = json.loads(done.stdout)
    assert (shown["translated"], shown["refused"]) == (answer.translated, answer.refused)


@pytest.mark.parametrize("fmt", (*data.LISTS, data.SCORE))
def test_lists_and_scores_come_back_as_they_were(shared, tmp_path, fmt):
    there, back = tmp_path / "there", tmp_path / "back"
    for source, target, path, out in ((fmt, data.CANONICAL, data.package_path(fmt), there), (data.CANONICAL, fmt, there, back)):
        shared.tool("translate", "--from", source, "--to", target, "--in", path, "--out", out, "--formats", ROOT / "conf/formats")
    written = back.read_bytes()
    for number, record in enumerate(data.records(fmt)):
        assert record in written, (number, record.decode())
    assert len(split(fmt, written)) == len(data.rows(fmt))


def test_lists_are_translated_for_those_who_may_have_them(shared):
    answer = shared.client("municipal").translate(data.COMMON_LIST, data.CANONICAL, data.package(data.COMMON_LIST))
    assert answer.translated == 0 and answer.refused == len(data.rows(data.COMMON_LIST))
    assert {f.reason for f in answer.findings if f.type == protos.ERROR} >= {"grant-list"}


def test_package_digests_are_over_the_records():
    text = data.package(data.NATIONAL_ORG).decode()
    assert f"<digest>{hashlib.sha256(b''.join(data.records(data.NATIONAL_ORG))).hexdigest()}</digest>" in text
