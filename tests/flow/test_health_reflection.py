"""grpc.health.v1 and grpc.reflection.v1 as stock tools use them."""
import threading

import grpc
from google.protobuf import descriptor_pb2

from lib import protos
from lib.client import refusal


def test_health_of_the_server_and_of_each_service(shared):
    client = shared.client("suzhou")
    for name in ("", "xinqiao.v1.RecordExchange", "xinqiao.v1.Operations"):
        assert client.health.Check(protos.HealthCheckRequest(service=name), timeout=10).status == 1, name
    refused = refusal(lambda: client.health.Check(protos.HealthCheckRequest(service="nobody"), timeout=10))
    assert refused.code == grpc.StatusCode.NOT_FOUND


def test_watch_tells_at_once_and_when_the_gateway_ends(gateway):
    client = gateway.client("suzhou")
    seen = []
    call = client.health.Watch(protos.HealthCheckRequest(), timeout=60)

    def read():
        try:
            for answer in call:
                seen.append(answer.status)
        except grpc.RpcError:
            pass
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(200):
        if seen:
            break
        threading.Event().wait(0.05)
    assert seen[:1] == [1]
    assert gateway.stop() == 0
    reader.join(30)
    assert not reader.is_alive()
    assert seen[-1] != 1 or len(seen) == 1


def ask(client, **request):
    return next(iter(client.reflection.ServerReflectionInfo(iter([protos.ReflectionRequest(**request)]), timeout=10)))


def test_reflection_lists_and_describes(shared):
    client = shared.client("suzhou")
    services = {s.name for s in ask(client, list_services="").list_services_response.service}
    assert {"xinqiao.v1.RecordExchange", "xinqiao.v1.Operations", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} <= services
    answer = ask(client, file_containing_symbol="xinqiao.v1.RecordExchange.Push")
    files = [descriptor_pb2.FileDescriptorProto.FromString(f) for f in answer.file_descriptor_response.file_descriptor_proto]
    assert "xinqiao/v1/exchange.proto" in {f.name for f in files}
    answer = ask(client, file_by_filename="xinqiao/v1/record.proto")
    assert answer.file_descriptor_response.file_descriptor_proto
    for symbol in ("xinqiao.v1.Record", "xinqiao.v1.PushItem", "grpc.health.v1.HealthCheckResponse.ServingStatus"):
        assert ask(client, file_containing_symbol=symbol).HasField("file_descriptor_response"), symbol
    assert ask(client, file_containing_symbol="no.such.Thing").error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_reflection_answers_many_questions_on_one_stream(shared):
    client = shared.client("suzhou")
    questions = [protos.ReflectionRequest(file_by_filename=f) for f in ("xinqiao/v1/record.proto", "nothing.proto")] * 20
    answers = list(client.reflection.ServerReflectionInfo(iter(questions), timeout=20))
    assert [a.HasField("error_response") for a in answers] == [False, True] * 20


def test_health_and_reflection_leave_no_entry(shared):
    operator = shared.client("operator")
    before = operator.status()
    for _ in range(20):
        operator.health.Check(protos.HealthCheckRequest(), timeout=10)
    ask(operator, list_services="")
    after = operator.status()
    assert after.exempt_calls - before.exempt_calls >= 21
    assert after.log.entries - before.log.entries <= 2
