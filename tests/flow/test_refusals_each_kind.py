"""One refusal of each kind: precise, in two languages, logged, and no harm to other calls."""
import grpc
import pytest

from lib import data, protos
from lib.client import errors, items, refusal


def well_formed(refused):
    assert refused.domain == "xinqiao"
    assert refused.texts["zh-CN"] and refused.texts["en"]
    assert "{" not in refused.texts["zh-CN"] + refused.texts["en"]
    assert len(refused.raw) <= 4096
    assert len(refused.violations) <= 17
    return refused


def test_unknown_format_lists_the_near_ones(shared):
    refused = well_formed(refusal(lambda: shared.client("suzhou").pull("suzhou.penalty@9")))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "format-unknown")
    assert "suzhou.penalty@1" in refused.texts["en"] + refused.message


def test_no_grant(shared):
    refused = well_formed(refusal(lambda: shared.client("auditor").push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[:1]))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "no-grant")
    refused = well_formed(refusal(lambda: shared.client("suzhou").status()))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "no-grant")


def test_unknown_method_and_service(shared):
    client = shared.client("suzhou")
    for path in ("/xinqiao.v1.RecordExchange/Nothing", "/xinqiao.v1.Nobody/Pull", "/x"):
        call = client.channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        refused = refusal(lambda: call(b"", timeout=10))
        assert refused.code == grpc.StatusCode.UNIMPLEMENTED, path
        assert refused.reason == "method-unknown" or path == "/x"


def test_malformed_protobuf(shared):
    client = shared.client("province")
    for method, body in (("Translate", b"\xff\xff\xff"), ("OpenBatch", b"\x0a\x50abc"), ("BatchStatus", b"\x08\x01\x0a")):
        call = client.channel.unary_unary(f"/xinqiao.v1.RecordExchange/{method}", request_serializer=bytes, response_deserializer=bytes)
        refused = well_formed(refusal(lambda: call(body, timeout=10)))
        assert refused.code == grpc.StatusCode.INVALID_ARGUMENT and refused.reason in ("malformed-protobuf", "malformed-message"), refused


def test_a_malformed_item_in_a_stream(shared):
    client = shared.client("province")
    call = client.channel.stream_stream("/xinqiao.v1.RecordExchange/Push", request_serializer=bytes,
                                        response_deserializer=protos.PushReceipt.FromString)
    good = next(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[:1], prefix="before-malformed")).SerializeToString()
    refused = well_formed(refusal(lambda: call(iter([good, b"\xff\xff"]), timeout=10)))
    assert refused.code == grpc.StatusCode.INVALID_ARGUMENT and refused.reason in ("malformed-protobuf", "malformed-message")


def test_texts_that_no_key_may_hold(shared):
    client = shared.client("province")
    record = data.records(data.NATIONAL_ORG)[0]
    for key in ("a\u202eb", "\u200b", "a\nb", "\x7f", "\u2066"):
        receipt = client.push([protos.PushItem(key=key, format=data.NATIONAL_ORG, record=record)])[0]
        assert receipt.outcome == protos.REFUSED and receipt.key == "" and errors(receipt)[0][0] == "key-invalid", key
    refused = well_formed(refusal(lambda: client.push([protos.PushItem(key="a\0b", format=data.NATIONAL_ORG, record=record)])))
    assert refused.code == grpc.StatusCode.INVALID_ARGUMENT and refused.reason == "utf8-invalid"
    refused = well_formed(refusal(lambda: client.batch_status("a\0b")))
    assert refused.reason == "utf8-invalid"


def rows():
    return [(r["file"], r["format"], r["reason"].split("|")) for r in data.table("invalid/expected.tsv")]


@pytest.mark.parametrize("file,fmt,reasons", rows(), ids=[r[0] for r in rows()])
def test_each_invalid_document(shared, file, fmt, reasons):
    """Translated as a package: refused as a call, or row by row in the answer."""
    document = (data.DATA / "invalid" / file).read_bytes()
    target = {data.NATIONAL_ORG: data.SUZHOU, data.SUZHOU: data.NATIONAL_ORG, data.CANONICAL: data.SUZHOU}.get(fmt, data.CANONICAL)
    client = shared.client("province")
    try:
        answer = client.translate(fmt, target, document)
    except grpc.RpcError as error:
        from lib.client import Refusal
        refused = well_formed(Refusal(error))
        assert refused.reason in reasons or any(v.reason in reasons for v in refused.violations), refused
        return
    # Records are translated as they come; what is wrong with the end of a package is found at its end.
    at_the_end = file == "two-roots.xml" or reasons[0].startswith("batch-")
    assert answer.translated == (1 if at_the_end else 0) and answer.refused >= (0 if at_the_end else 1)
    found = [f.reason for f in answer.findings if f.type == protos.ERROR]
    assert set(found) & set(reasons), found


def test_a_bad_row_is_refused_alone(shared):
    client = shared.client("province")
    good = data.records(data.NATIONAL_ORG)[:3]
    receipts = client.push(items(data.NATIONAL_ORG, [good[0], b"<record><CF_XDR_MC>", good[1], b"", b"\xff\xfe", good[2]], prefix="bad-row"))
    assert [r.outcome for r in receipts] == [protos.NEW, protos.REFUSED, protos.NEW, protos.REFUSED, protos.REFUSED, protos.NEW]


def test_a_record_of_another_format(shared):
    client = shared.client("province")
    person, permit = data.records(data.NATIONAL_PERSON)[0], data.records(data.PERMIT_ORG)[0]
    for record in (person, permit, data.records(data.SUZHOU)[0]):
        receipt = client.push(items(data.NATIONAL_ORG, [record], prefix="other-format"))[0]
        assert receipt.outcome == protos.REFUSED and errors(receipt)


def test_push_without_key_and_with_unknown_format(shared):
    client = shared.client("province")
    record = data.records(data.NATIONAL_ORG)[0]
    receipt = client.push([protos.PushItem(format=data.NATIONAL_ORG, record=record)])[0]
    assert receipt.outcome == protos.REFUSED and errors(receipt)[0][0] == "key-missing"
    receipt = client.push([protos.PushItem(key="x", format="national.penalty.org@2019", record=record)])[0]
    assert receipt.outcome == protos.REFUSED and errors(receipt)[0][0] == "format-unknown"


@pytest.mark.parametrize("what", ("petition", "waste-sorting", "jaywalking"))
@pytest.mark.parametrize("fmt", (data.NATIONAL_ORG, data.NATIONAL_PERSON))
def test_adverse_information_without_a_basis(shared, what, fmt):
    import texts  # the generator's words
    kind, facts, basis = texts.NO_BASIS[what]
    text = data.records(fmt)[0].decode()
    for code, value in (("CF_WFXW", kind), ("CF_SY", facts), ("CF_YJ", basis)):
        head, rest = text.split(f"<{code}>")
        text = f"{head}<{code}>{value}</{code}>" + rest.split(f"</{code}>")[1]
    receipt = shared.client("province").push(items(fmt, [text.encode()], prefix=f"no-basis-{what}"))[0]
    assert receipt.outcome == protos.REFUSED
    assert "law-no-basis" in [reason for reason, _ in errors(receipt)]
    finding = next(f for f in receipt.findings if f.reason == "law-no-basis")
    assert "no-basis" in "".join(finding.parameters.values()), finding


def test_refusals_are_in_the_log(shared):
    client = shared.client("suzhou")
    refused = refusal(lambda: client.pull("nothing.at.all@1"))
    assert refused.reason == "format-unknown"
    receipt = refused.trailers.get("exchange-receipt", "")
    origin, index = receipt.rsplit(" ", 1)
    shared.published(int(index) + 1)
    entry = shared.entries()[int(index)]
    assert (entry.kind, entry.decision, entry.reason, entry.peer_id) == (2, 2, "format-unknown", "suzhou") or \
           (entry.kind, entry.decision, entry.reason, entry.peer_id) == (2, 3, "format-unknown", "suzhou")


def test_a_valid_answer_carries_its_receipt(shared):
    client = shared.client("suzhou")
    call = client.channel.unary_unary("/xinqiao.v1.RecordExchange/ListFormats",
                                      request_serializer=protos.ListFormatsRequest.SerializeToString, response_deserializer=bytes)
    _, done = call.with_call(protos.ListFormatsRequest(), timeout=10)
    trailers = dict(done.trailing_metadata())
    origin, index = trailers["exchange-receipt"].rsplit(" ", 1)
    shared.published(int(index) + 1)
    assert shared.entries()[int(index)].method.endswith("ListFormats")
