"""Cancelled calls, deadlines, many calls at once: each ends as it must, and the next one works."""
import concurrent.futures
import threading
import time

import grpc
import pytest
from lib import data, protos
from lib.client import PURPOSE, items, refusal


def test_a_cancelled_push_keeps_what_has_receipts(gateway):
    client = gateway.client("province")
    records = data.bulk(300)
    gate = threading.Event()

    def feed():
        yield from items(data.NATIONAL_ORG, records[:100], prefix="c")
        gate.wait(20)
    call = client.records.Push(feed(), timeout=30)
    receipts = [next(call) for _ in range(100)]
    call.cancel()
    gate.set()
    with pytest.raises(grpc.RpcError):
        next(call)
    again = client.push(items(data.NATIONAL_ORG, records[:100], prefix="c"))
    assert [r.outcome for r in again] == [protos.DUPLICATE] * 100
    assert [r.entry for r in again] == [r.entry for r in receipts]


def test_a_cancelled_pull_frees_the_call(gateway):
    province = gateway.client("province")
    province.push(items(data.NATIONAL_ORG, data.bulk(500)))
    suzhou = gateway.client("suzhou")
    for _ in range(50):
        call = suzhou.records.Pull(protos.PullRequest(format=data.SUZHOU), timeout=10, metadata=PURPOSE)
        next(call)
        call.cancel()
    assert suzhou.pull(data.SUZHOU).end.delivered == 500


def test_deadline_of_an_open_stream(shared):
    client = shared.client("province")
    gate = threading.Event()

    def feed():
        yield from items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[:1], prefix="deadline")
        gate.wait(10)
    began = time.monotonic()
    refused = refusal(lambda: client.records.Push(feed(), timeout=1))
    gate.set()
    assert refused.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 8


def test_a_deadline_that_is_over_before_it_begins(shared):
    refused = refusal(lambda: shared.client("province").translate(data.NATIONAL_ORG, data.SUZHOU, data.package(data.NATIONAL_ORG),
                                                                  timeout=0.000001))
    assert refused.code == grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_gateway_ends_calls_by_their_grpc_timeout(shared):
    """grpcio ends calls itself; with a raw timeout header the gateway must."""
    client = shared.client("suzhou")
    call = client.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                        request_serializer=protos.ReflectionRequest.SerializeToString, response_deserializer=bytes)
    gate = threading.Event()

    def feed():
        gate.wait(10)
        return
        yield
    refused = refusal(lambda: call(feed(), timeout=0.5))
    gate.set()
    assert refused.code == grpc.StatusCode.DEADLINE_EXCEEDED


def test_bad_timeouts_are_refused(shared):
    client = shared.client("suzhou")
    call = client.channel.unary_unary("/xinqiao.v1.RecordExchange/ListFormats",
                                      request_serializer=protos.ListFormatsRequest.SerializeToString, response_deserializer=bytes)
    assert call(protos.ListFormatsRequest(), timeout=10)


def test_two_hundred_calls_at_once(shared):
    client = shared.client("municipal")
    record = data.records(data.NATIONAL_ORG)[0]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.translate(data.NATIONAL_ORG, data.SUZHOU, record).translated, range(200)))
    assert answers == [1] * 200


def test_an_empty_push_is_fine(shared):
    assert shared.client("province").push([]) == []
