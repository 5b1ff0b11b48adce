"""Too little free space: exchanges are refused with disk-low, health says so, status answers; it clears itself."""
import os
import subprocess

import grpc
import pytest
from lib import data, protos
from lib.client import items, refusal


def test_below_min_free(stopped_gateway):
    gateway = stopped_gateway
    gateway.set(min_free="1000000 GiB")
    gateway.start(wait=False)
    import time
    until = time.monotonic() + 30
    while not gateway.bound() and time.monotonic() < until:
        assert gateway.process.poll() is None, gateway.tail()
        time.sleep(0.05)
    operator = gateway.client("operator")
    until = time.monotonic() + 20
    while True:
        try:
            health = operator.health.Check(protos.HealthCheckRequest(), timeout=5).status
            break
        except grpc.RpcError:
            assert time.monotonic() < until
            time.sleep(0.1)
    assert health == 2  # NOT_SERVING
    refused = refusal(lambda: gateway.client("province").push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[:1])))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "disk-low")
    assert refused.retry_s
    status = operator.status()
    assert status.log.disk_low
    line = [line for line in status.red if line.reason == "disk-low-here"][0]
    assert "/data/log has " in line.text_en and "min_free" in line.text_zh and "try again" not in line.text_en


@pytest.fixture
def small_disk(tmp_path):
    where = tmp_path / "disk"
    where.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", where], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield where
    subprocess.run(["umount", "-l", where], check=True)


def test_a_disk_that_fills_up_and_is_freed(stopped_gateway, small_disk):
    gateway = stopped_gateway
    gateway.set(data_dir=str(small_disk), min_free="50 MiB")
    gateway.start()
    client = gateway.client("province")
    records = data.records(data.NATIONAL_ORG)
    receipts = client.push(items(data.NATIONAL_ORG, records[:10]))
    assert all(r.outcome == protos.NEW for r in receipts)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk)
    filler.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - (30 << 20)))
    import time
    until = time.monotonic() + 30
    while True:
        try:
            receipts = client.push(items(data.NATIONAL_ORG, records[10:11], prefix=f"full-{time.monotonic()}"))
        except grpc.RpcError as error:
            from lib.client import Refusal
            assert Refusal(error).reason == "disk-low"
            break
        assert time.monotonic() < until, "the gateway did not notice the full disk"
        time.sleep(0.3)
    assert gateway.client("operator").health.Check(protos.HealthCheckRequest(), timeout=10).status == 2
    filler.unlink()
    until = time.monotonic() + 30
    while True:
        try:
            receipts = client.push(items(data.NATIONAL_ORG, records[11:20], prefix="after"))
            break
        except grpc.RpcError:
            assert time.monotonic() < until, "the gateway did not come back"
            time.sleep(0.3)
    assert all(r.outcome == protos.NEW for r in receipts)
    again = client.push(items(data.NATIONAL_ORG, records[:10]))
    assert all(r.outcome == protos.DUPLICATE for r in again)
    gateway.drop_clients()
    assert gateway.stop() == 0
