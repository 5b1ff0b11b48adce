"""Limits with names: oversized messages, metadata, streams; compressed messages."""
import grpc
import pytest
from lib import data, protos
from lib.client import PURPOSE, items, refusal


def test_an_oversized_message(shared):
    client = shared.client("suzhou")  # 4 MiB
    call = client.channel.unary_unary("/xinqiao.v1.RecordExchange/ListFormats", request_serializer=bytes, response_deserializer=bytes)
    refused = refusal(lambda: call(b"\x0a" + b"\xff\xff\xff\x02" + b"x" * (5 << 20), timeout=30))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "message-too-large")


def test_an_oversized_item_in_a_stream(shared):
    client = shared.client("province")  # 16 MiB by its peer file
    record = data.records(data.NATIONAL_ORG)[0]
    refused = refusal(lambda: client.records.Push(iter([protos.PushItem(key="big", format=data.NATIONAL_ORG, record=record + b" " * (17 << 20))]),
                                                  timeout=60))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "message-too-large")


def test_other_calls_of_the_connection_go_on(shared):
    client = shared.client("province")
    stream = client.records.Push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[:5], prefix="beside"), timeout=30)
    refusal(lambda: client.translate(data.NATIONAL_ORG, data.SUZHOU, b" " * (17 << 20)))
    assert len(list(stream)) == 5


def test_too_much_metadata(shared):
    client = shared.client("suzhou")
    many = [(f"x-{i}", "y" * 100) for i in range(400)]
    refused = refusal(lambda: client.pull(data.SUZHOU, metadata=[*PURPOSE, *many]))
    assert refused.code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE,
                            grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)
    assert client.pull(data.SUZHOU, max_records=1).end is not None


def test_a_long_key_and_an_empty_record(shared):
    client = shared.client("province")
    record = data.records(data.NATIONAL_ORG)[0]
    receipt = client.push([protos.PushItem(key="k" * 129, format=data.NATIONAL_ORG, record=record)])[0]
    assert receipt.outcome == protos.REFUSED
    receipt = client.push([protos.PushItem(key="empty", format=data.NATIONAL_ORG, record=b"")])[0]
    assert receipt.outcome == protos.REFUSED


def test_gzip_is_understood(shared):
    client = shared.client("municipal", options=[("grpc.default_compression_algorithm", 2)])
    answer = client.translate(data.NATIONAL_ORG, data.SUZHOU, data.package(data.NATIONAL_ORG))
    assert answer.translated


def test_a_purpose_is_asked_and_checked(shared):
    client = shared.client("suzhou")
    call = client.records.Pull
    request = protos.PullRequest(format=data.SUZHOU)
    assert refusal(lambda: call(request, timeout=10)).reason == "purpose-missing"
    for bad in ("audit", "basic-service-access", "nothing"):
        assert refusal(lambda: call(request, timeout=10, metadata=[("xinqiao-purpose", bad)])).reason in ("grant-purpose", "law-purpose")


@pytest.mark.parametrize("field", ("xinqiao-purpose", "xinqiao-case"))
def test_odd_metadata_is_refused_or_harmless(shared, field):
    client = shared.client("suzhou")
    refused = None
    try:
        client.pull(data.SUZHOU, max_records=1, metadata=[(field, "x" * 3000), *([] if field.endswith("purpose") else PURPOSE)])
    except grpc.RpcError as error:
        refused = error
    assert field == "xinqiao-case" or refused is not None
