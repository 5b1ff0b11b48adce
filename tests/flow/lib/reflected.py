"""What a client knows of a service that it has no .proto of: all by reflection."""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from . import protos


def _ask(client, **question):
    return next(iter(client.reflection.ServerReflectionInfo(iter([protos.ReflectionRequest(**question)]), timeout=20)))


def services(client):
    return {s.name for s in _ask(client, list_services="").list_services_response.service}


def _files(client, answer, found):
    for raw in answer.file_descriptor_response.file_descriptor_proto:
        file = descriptor_pb2.FileDescriptorProto.FromString(raw)
        if file.name in found:
            continue
        for needed in file.dependency:
            if needed not in found:
                _files(client, _ask(client, file_by_filename=needed), found)
        found[file.name] = file


class Service:
    """A stub by reflection: one callable per method, which takes the fields of its request."""

    def __init__(self, client, name):
        found = {}
        _files(client, _ask(client, file_containing_symbol=name), found)
        pool = descriptor_pool.DescriptorPool()
        for file in found.values():  # what a file needs stands before it
            pool.Add(file)
        for method in pool.FindServiceByName(name).methods:
            kinds = [message_factory.MessageFactory(pool).GetPrototype(t) for t in (method.input_type, method.output_type)]
            call = client.channel.unary_unary(f"/{name}/{method.name}", request_serializer=kinds[0].SerializeToString,
                                              response_deserializer=kinds[1].FromString)
            setattr(self, method.name, lambda call=call, kind=kinds[0], timeout=20, **fields: call(kind(**fields), timeout=timeout))
