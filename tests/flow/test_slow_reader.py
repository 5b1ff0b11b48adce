"""A client that stops reading costs a page of memory, holds up nobody, and gets the rest when it reads on."""
import time

from lib import data, protos
from lib.client import PURPOSE, items
from lib.paths import SLOWNESS


def resident_kb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def test_a_pull_nobody_reads(gateway):
    count = 4000
    province = gateway.client("province")
    province.push(items(data.NATIONAL_ORG, data.bulk(count)), timeout=120)
    before = resident_kb(gateway.process.pid)
    # small windows on the client's side, so that what is not read stays on the server's
    slow = [gateway.client("suzhou", options=[("grpc.http2.lookahead_bytes", 16384), ("grpc.http2.bdp_probe", 0)]) for _ in range(20)]
    calls = [c.records.Pull(protos.PullRequest(format=data.SUZHOU), timeout=300, metadata=PURPOSE) for c in slow]
    for call in calls:
        next(call)
    time.sleep(2)
    # others are served meanwhile
    began = time.monotonic()
    assert gateway.client("suzhou").pull(data.SUZHOU, max_records=100).end.more
    assert gateway.client("operator").status().store.records == count
    assert time.monotonic() - began < 5 * SLOWNESS
    assert resident_kb(gateway.process.pid) - before < 60_000 * SLOWNESS
    # and each gets everything in the end
    for call in calls[:3]:
        got = [item for item in call]
        assert got[-1].HasField("end") and got[-1].end.delivered == count and len(got) == count
    for call in calls[3:]:
        call.cancel()


def test_a_push_whose_receipts_nobody_reads(gateway):
    """The writer is held by the window of its receipts' stream; then all receipts come."""
    count = 4000
    client = gateway.client("province")
    call = client.records.Push(items(data.NATIONAL_ORG, data.bulk(count)), timeout=300)
    first = next(call)
    time.sleep(2)
    assert gateway.client("operator").health.Check(protos.HealthCheckRequest(), timeout=10).status == 1
    rest = list(call)
    assert first.key == "k-1" and len(rest) == count - 1
