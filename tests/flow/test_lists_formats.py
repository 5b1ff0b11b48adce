"""Each format of lists goes in through Publish and comes out through Pull as it came."""
import json

import pytest
from lib import data, lists
from lib.lists import Puller, check, entry, outcomes, publish, reasons

CASES = (("national.list.court@1", "court", "court-defaulter"), ("zhejiang.list.court@1", "court", "court-defaulter"),
         ("zhejiang.list.serious@1", "market-bureau", "market-serious"), ("zhejiang.list.red@1", "province", "zhejiang-red"))


def lines(fmt):
    """The records of a package that have not left their list already."""
    found = [line.strip().rstrip(b",") for line in data.package(fmt).split(b"\n")]
    found = [line for line in found if line.startswith(b"{") and line.endswith(b"}") and not line.startswith(b'{"code"')]
    return [line for line in found if not json.loads(line).get("remdate")]


@pytest.mark.parametrize("fmt,source,lst", CASES)
def test_a_package_goes_in_and_comes_out_the_same(gateway, fmt, source, lst):
    rows = lines(fmt)
    got = publish(gateway.client(source), [entry(f"e-{i}", row, 1, lst, fmt=fmt) for i, row in enumerate(rows)])
    assert len(rows) > 30 and [reasons(r) for r in got if outcomes([r]) != ["new"]] == []
    puller = Puller(lst=lst, fmt=fmt)
    puller.pull(gateway.client("province"))
    sent = {r.id: row for r, row in zip(got, rows)}
    assert {k: raw for k, (_, raw) in puller.copy.items()} == sent


def test_a_firm_that_a_court_knows_by_its_organisation_code_is_found_by_its_credit_code(gateway):
    codes = {f["organisation_code"]: f["uscc"] for f in data.table("firms.tsv") if f["organisation_code"] and len(f["uscc"]) == 18}
    rows = [row for row in lines("zhejiang.list.court@1") if json.loads(row)["zzjgdm"].replace("-", "") in codes]
    assert rows
    publish(gateway.client("court"), [entry(f"e-{i}", row, 1, "court-defaulter", fmt="zhejiang.list.court@1") for i, row in enumerate(rows)])
    for row in rows:
        uscc = codes[json.loads(row)["zzjgdm"].replace("-", "")]
        hits = check(gateway.client("municipal"), uscc=uscc, lists=["court-defaulter"]).hits
        assert hits and {h.authority for h in hits} >= {json.loads(row)["zxfy"]}
