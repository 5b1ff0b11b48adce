"""The connection is cut at random: the batch is closed with an exact sheet, the copy has no gap and no duplicate."""
import threading
import uuid

import grpc
import pytest
from lib import data, protos
from lib.client import PURPOSE, Client, items
from lib.proxy import CuttingProxy

CUTS = 10


def push_until_done(address, pki, batch, records, window=2000):
    """Pushes from behind the contiguous row until all have receipts, over as many connections as it takes."""
    connections, repeated = 0, 0
    while True:
        connections += 1
        assert connections < 200
        with Client(address, pki, "province") as client:
            try:
                status = client.batch_status(batch)
                if status.contiguous == len(records):
                    return connections, repeated
                ahead = threading.Semaphore(window)

                def feed(at):
                    for item in items(data.NATIONAL_ORG, records[at:], batch=batch, first_row=at + 1, prefix="bulk"):
                        ahead.acquire()
                        yield item

                for receipt in client.records.Push(feed(status.contiguous), timeout=600):
                    ahead.release()
                    assert receipt.outcome in (protos.NEW, protos.DUPLICATE), receipt
                    repeated += receipt.outcome == protos.DUPLICATE
            except grpc.RpcError as error:
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
                                        grpc.StatusCode.CANCELLED), error
            finally:
                for _ in range(window):
                    ahead.release()


@pytest.mark.slow
def test_push_and_pull_cut_at_random(gateway, long):
    count = 100_000 if long else 5_000
    records = data.bulk(count)
    size = sum(map(len, records))
    batch = str(uuid.uuid4())
    gateway.client("province").open_batch(batch, count, data.NATIONAL_ORG, records)

    proxy = CuttingProxy(("127.0.0.1", gateway.port), CUTS, seed=7, low=size // 60, high=size // 24)
    connections, repeated = push_until_done(proxy.address, gateway.pki, batch, records)
    assert proxy.made == CUTS and connections > CUTS

    body = protos.SheetBody.FromString(gateway.client("province").close_batch(batch, timeout=120).sheet)
    assert (body.batch.declared, body.batch.contiguous, body.batch.refused) == (count, count, 0)
    assert body.batch.added + body.batch.repeated_rows + body.batch.updated == count
    assert body.batch.added == count
    assert gateway.client("operator").status().store.records == count
    proxy.stop()

    # The pull: the cursor of the last record that arrived is all that the client keeps.
    proxy = CuttingProxy(("127.0.0.1", gateway.port), CUTS, seed=11, low=size // 60, high=size // 15)
    copy, cursor, connections = [], "", 0
    while True:
        connections += 1
        assert connections < 200
        with Client(proxy.address, gateway.pki, "province") as client:
            try:
                ended = False
                for item in client.records.Pull(protos.PullRequest(format=data.NATIONAL_ORG, cursor=cursor), timeout=600, metadata=PURPOSE):
                    if item.HasField("end"):
                        ended = True
                    else:
                        copy.append(item.record)
                        cursor = item.cursor
                if ended:
                    break
            except grpc.RpcError:
                pass
    assert proxy.made == CUTS
    proxy.stop()
    assert len(copy) == count
    assert sorted(copy) == sorted(records)  # A -> canonical -> A, byte for byte
