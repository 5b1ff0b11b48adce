"""A stock grpcio client of the gateway, with the certificate of one peer."""
import hashlib

import grpc

from . import protos


# Every pull says what it is for; this purpose is granted to all who may pull.
PURPOSE = (("xinqiao-purpose", "record-sharing"),)


class Refusal:
    """What a refused call says: code, public reason, both texts, violations."""

    def __init__(self, error):
        self.code = error.code()
        self.message = error.details() or ""
        self.reason = ""
        self.domain = ""
        self.texts = {}
        self.violations = []
        self.retry_s = None
        self.trailers = {k: v for k, v in (error.trailing_metadata() or ())}
        raw = self.trailers.get("grpc-status-details-bin")
        self.raw = raw or b""
        if not raw:
            return
        status = protos.RpcStatus.FromString(raw)
        assert status.code == self.code.value[0]
        for detail in status.details:
            name = detail.type_url.rsplit("/", 1)[1]
            value = protos.message(name).FromString(detail.value)
            if name == "google.rpc.ErrorInfo":
                self.reason, self.domain = value.reason, value.domain
            elif name == "google.rpc.LocalizedMessage":
                self.texts[value.locale] = value.message
            elif name == "google.rpc.BadRequest":
                self.violations = list(value.field_violations)
            elif name == "google.rpc.RetryInfo":
                self.retry_s = value.retry_delay.seconds + value.retry_delay.nanos / 1e9

    def __repr__(self):
        return f"<{self.code} {self.reason} {self.message!r}>"


def refusal(call):
    """Runs `call`, which must be refused."""
    try:
        result = call()
        if hasattr(result, "__next__"):
            for _ in result:
                pass
    except grpc.RpcError as error:
        return Refusal(error)
    raise AssertionError("the call was not refused")


class Pulled:
    def __init__(self):
        self.items = []
        self.end = None
        self.cursor = ""

    @property
    def records(self):
        return [i.record for i in self.items]

    @property
    def withheld(self):
        return {c.reason: c.count for c in self.end.withheld}


class Client:
    def __init__(self, address, pki, name, options=(), ca="ca.pem"):
        self.name = name
        self.credentials = None
        if name is not None:
            self.credentials = grpc.ssl_channel_credentials((pki / ca).read_bytes(), (pki / f"{name}-key.pem").read_bytes(),
                                                            (pki / f"{name}.pem").read_bytes())
        else:
            self.credentials = grpc.ssl_channel_credentials((pki / ca).read_bytes())
        # Every client has its own connection: grpcio else shares subchannels of one target and certificate.
        base = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 << 20),
                ("grpc.min_reconnect_backoff_ms", 10000), ("grpc.max_reconnect_backoff_ms", 500), ("grpc.initial_reconnect_backoff_ms", 50)]
        self.channel = grpc.secure_channel(address, self.credentials, base + list(options))
        self.records = protos.Service(self.channel, "xinqiao.v1.RecordExchange")
        self.operations = protos.Service(self.channel, "xinqiao.v1.Operations")
        self.health = protos.Service(self.channel, "grpc.health.v1.Health")
        self.reflection = protos.Service(self.channel, "grpc.reflection.v1.ServerReflection")

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def push(self, items, timeout=60, metadata=None):
        return list(self.records.Push(iter(items), timeout=timeout, metadata=metadata))

    def pull(self, fmt, cursor="", max_records=0, timeout=60, metadata=None):
        got = Pulled()
        got.cursor = cursor
        for item in self.records.Pull(protos.PullRequest(format=fmt, cursor=cursor, max_records=max_records), timeout=timeout,
                                      metadata=metadata or PURPOSE):
            assert got.end is None, "a message after the end"
            if item.HasField("end"):
                got.end = item.end
                got.cursor = item.end.cursor
            else:
                got.items.append(item)
                got.cursor = item.cursor
        assert got.end is not None, "a pull without end"
        return got

    def open_batch(self, batch, declared, fmt, records=None, timeout=30):
        digest = batch_digest(records) if records is not None else b""
        return self.records.OpenBatch(protos.OpenBatchRequest(batch=batch, declared=declared, digest=digest, format=fmt), timeout=timeout)

    def close_batch(self, batch, timeout=60):
        return self.records.CloseBatch(protos.CloseBatchRequest(batch=batch), timeout=timeout)

    def batch_status(self, batch, timeout=30):
        return self.records.BatchStatus(protos.BatchStatusRequest(batch=batch), timeout=timeout)

    def translate(self, source, target, document, timeout=60, metadata=None):
        request = protos.TranslateRequest(**{"from": source, "to": target, "document": document})
        return self.records.Translate(request, timeout=timeout, metadata=metadata)

    def status(self, timeout=30):
        return self.operations.Status(protos.StatusRequest(), timeout=timeout)


def batch_digest(records):
    return hashlib.sha256(b"".join(hashlib.sha256(r).digest() for r in records)).digest()


def items(fmt, records, batch="", first_row=1, prefix="k", authority_s=None):
    """PushItems with keys prefix-1, prefix-2, ..."""
    for i, record in enumerate(records):
        item = protos.PushItem(key=f"{prefix}-{first_row + i}", format=fmt, record=record, batch=batch, row=first_row + i if batch else 0)
        if authority_s is not None:
            item.authority_time.seconds = authority_s
        yield item


def errors(receipt):
    """(reason, field) of the errors of a refused row."""
    return [(f.reason, f.field) for f in receipt.findings if f.type == protos.ERROR]
