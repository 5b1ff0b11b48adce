"""kill -9 at random under load: what was acknowledged is there once, every applied record has its entry, cursors go on."""
import random
import threading
import time

import grpc
import pytest
from lib import data, protos
from lib.client import PURPOSE, Client
from lib.paths import SLOWNESS


def load(gateway, records, acknowledged, stop):
    """Pushes records in order; keeps key -> entry of every receipt that arrived."""
    with Client(gateway.address, gateway.pki, "province") as client:
        def feed():
            for n, record in records:
                if stop.is_set():
                    return
                yield protos.PushItem(key=f"kill-{n}", format=data.NATIONAL_ORG, record=record)
        try:
            for receipt in client.records.Push(feed(), timeout=120):
                assert receipt.outcome in (protos.NEW, protos.DUPLICATE), receipt
                acknowledged.setdefault(receipt.key, []).append((receipt.entry, receipt.record_id, receipt.outcome))
        except grpc.RpcError:
            pass


@pytest.mark.slow
def test_rounds(gateway, long):
    rounds = 50 if long else 5
    rng = random.Random(20261123)
    acknowledged, copied, cursor, next_record = {}, [], "", 0
    bulk = data.bulk(rounds * 400)
    for number in range(rounds):
        # half of each round's records are sent again in the next
        first = max(0, next_record - 100)
        todo = [(n, bulk[n]) for n in range(first, min(len(bulk), next_record + 350))]
        stop = threading.Event()
        worker = threading.Thread(target=load, args=(gateway, todo, acknowledged, stop))
        before = len(acknowledged)
        worker.start()
        if number % 2:  # a reader at the same time
            with Client(gateway.address, gateway.pki, "province") as reader:
                try:
                    for item in reader.records.Pull(protos.PullRequest(format=data.NATIONAL_ORG, cursor=cursor), timeout=10,
                                                    metadata=PURPOSE):
                        if not item.HasField("end"):
                            copied.append(item.record_id)
                            cursor = item.cursor
                except grpc.RpcError:
                    pass
        until = time.monotonic() + 5 * SLOWNESS
        wanted = before + rng.randrange(1, 250)
        while len(acknowledged) < wanted and worker.is_alive() and time.monotonic() < until:
            time.sleep(0.001)
        gateway.kill()
        stop.set()
        worker.join(30)
        next_record = max((int(k.split("-")[1]) for k in acknowledged), default=0) + 1
        gateway.start()

    # Once more all of it: every acknowledged key is a duplicate of the same record and entry.
    receipts = gateway.client("province").push(
        (protos.PushItem(key=k, format=data.NATIONAL_ORG, record=bulk[int(k.split("-")[1])]) for k in acknowledged), timeout=300)
    for receipt in receipts:
        assert receipt.outcome == protos.DUPLICATE, receipt.key
        for entry, record_id, _ in acknowledged[receipt.key]:
            assert (entry, record_id) == (receipt.entry, receipt.record_id), receipt.key

    # Every record that is served has an entry, and is served once.
    whole = gateway.client("province").pull(data.NATIONAL_ORG, timeout=120)
    ids = [i.record_id for i in whole.items]
    assert len(set(ids)) == len(ids)
    assert {r.record_id for r in receipts} <= set(ids)
    rest = gateway.client("province").pull(data.NATIONAL_ORG, cursor, timeout=120)
    assert copied + [i.record_id for i in rest.items] == ids

    status = gateway.client("operator").status()
    assert status.store.pending == 0 and status.store.records == len(ids)
    gateway.published(status.log.entries)
    stored = sum(e.record_count for e in gateway.entries() if e.kind == 2 and e.method.endswith("/Push") and e.decision == 1)
    assert stored >= len(ids)
    vkey = gateway.vkey()
    gateway.stop()
    assert gateway.tool("log", "verify", gateway.shard(), "--vkey", vkey).returncode == 0
    gateway.start()
