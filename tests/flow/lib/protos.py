"""Messages and method stubs from proto/, by descriptor set: no generated Python, and no clash with the packages named
google and grpc. `protos.message("xinqiao.v1.PushItem")`, `protos.Service(channel, "xinqiao.v1.RecordExchange")`."""
import functools
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .paths import ROOT


@functools.lru_cache(None)
def pool():
    with tempfile.NamedTemporaryFile(suffix=".fds") as out:
        files = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
        subprocess.run(["protoc", "-I", str(ROOT / "proto"), "--include_imports", f"--descriptor_set_out={out.name}", *files], check=True)
        fds = descriptor_pb2.FileDescriptorSet.FromString(open(out.name, "rb").read())
    made = descriptor_pool.DescriptorPool()
    for file in fds.file:
        made.AddSerializedFile(file.SerializeToString())
    return made


@functools.lru_cache(None)
def message(name):
    return message_factory.MessageFactory(pool()).GetPrototype(pool().FindMessageTypeByName(name))


def enum_value(name, value):
    return pool().FindEnumTypeByName(name).values_by_name[value].number


class Service:
    """A stub: one callable per method of the service."""

    def __init__(self, channel, name):
        for method in pool().FindServiceByName(name).methods:
            made = getattr(channel, ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary"))
            setattr(self, method.name, made(f"/{name}/{method.name}",
                                            request_serializer=message(method.input_type.full_name).SerializeToString,
                                            response_deserializer=message(method.output_type.full_name).FromString))


_X = "xinqiao.v1."
PushItem = message(_X + "PushItem")
PushReceipt = message(_X + "PushReceipt")
PullRequest = message(_X + "PullRequest")
OpenBatchRequest = message(_X + "OpenBatchRequest")
CloseBatchRequest = message(_X + "CloseBatchRequest")
BatchStatusRequest = message(_X + "BatchStatusRequest")
SheetBody = message(_X + "SheetBody")
TranslateRequest = message(_X + "TranslateRequest")
ListFormatsRequest = message(_X + "ListFormatsRequest")
StatusRequest = message(_X + "StatusRequest")
Record = message(_X + "Record")
HealthCheckRequest = message("grpc.health.v1.HealthCheckRequest")
ReflectionRequest = message("grpc.reflection.v1.ServerReflectionRequest")
RpcStatus = message("google.rpc.Status")
Entry = message("exlog.v1.Entry")

NEW, DUPLICATE, UPDATED, REFUSED = (enum_value(_X + "Outcome", "OUTCOME_" + n) for n in ("NEW", "DUPLICATE", "UPDATED", "REFUSED"))
ERROR = enum_value(_X + "Finding.Type", "TYPE_ERROR")
