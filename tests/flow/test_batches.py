"""Batches: declared and counted, resumed, closed with a signed sheet; one bad row never loses its batch."""
import base64
import hashlib
import subprocess
import uuid

import pytest
from lib import data, protos
from lib.client import batch_digest, errors, items, refusal


def public_key(vkey, folder):
    """The Ed25519 key of a verifier key as PEM for openssl."""
    raw = base64.b64decode(vkey.strip().split("+", 2)[2])
    assert raw[0] == 1 and len(raw) == 33
    name = vkey.split("+", 1)[0]
    assert vkey.split("+")[1] == hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    der = bytes.fromhex("302a300506032b6570032100") + raw[1:]
    file = folder / "log.pem"
    file.write_text("-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PUBLIC KEY-----\n")
    return file


def verify_sheet(sheet, folder):
    (folder / "sheet").write_bytes(b"xinqiao batch sheet v1\n" + sheet.sheet)
    (folder / "sheet.sig").write_bytes(sheet.signature)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public_key(sheet.vkey, folder), "-rawin", "-in",
                           folder / "sheet", "-sigfile", folder / "sheet.sig"], capture_output=True).returncode == 0


def run_batch(client, fmt, records, batch=None, close=True):
    batch = batch or str(uuid.uuid4())
    client.open_batch(batch, len(records), fmt, records)
    receipts = client.push(items(fmt, records, batch=batch, prefix=batch))
    return batch, receipts, client.close_batch(batch) if close else None


@pytest.mark.parametrize("fmt", (data.NATIONAL_ORG, data.NATIONAL_PERSON))
def test_forty_with_bad_rows_gives_each_its_reason(gateway, tmp_path, fmt):
    records = data.records(fmt, "batch-40.xml")
    expected = data.expected(fmt)
    assert len(records) == 40
    client = gateway.client("province")
    batch, receipts, sheet = run_batch(client, fmt, records)
    found = {r.row: ("refused" if r.outcome == protos.REFUSED else "new" if r.outcome == protos.NEW else "?", set(errors(r)))
             for r in receipts}
    assert found == expected

    body = protos.SheetBody.FromString(sheet.sheet)
    refused = [row for row, (outcome, _) in expected.items() if outcome == "refused"]
    assert (body.batch.declared, body.batch.added, body.batch.refused) == (40, 40 - len(refused), len(refused))
    assert body.batch.repeated_rows == body.batch.updated == 0
    assert [r.row for r in body.refusals] == refused
    assert body.digest == batch_digest(records)
    assert body.peer == "province" and body.batch.closed
    entries = [r.entry for r in receipts]
    assert body.first_entry <= min(entries) and max(entries) <= body.last_entry
    assert verify_sheet(sheet, tmp_path)
    sheet.sheet = sheet.sheet[:-1] + bytes([sheet.sheet[-1] ^ 1])
    assert not verify_sheet(sheet, tmp_path)


def test_rows_of_two_batches_in_one_stream_have_entries_of_their_own(gateway):
    records = data.records(data.NATIONAL_ORG, "package.xml")[:4]
    client = gateway.client("province")
    batches = [str(uuid.uuid4()) for _ in range(2)]
    sent = []
    for batch in batches:
        client.open_batch(batch, len(records), data.NATIONAL_ORG, records)
        sent.append(list(items(data.NATIONAL_ORG, records, batch=batch, prefix=batch)))
    receipts = client.push([item for pair in zip(*sent) for item in pair])
    assert len(receipts) == 2 * len(records)
    gateway.published(max(r.entry for r in receipts) + 1)
    entries = gateway.entries()
    for receipt in receipts:
        assert str(uuid.UUID(bytes=entries[receipt.entry].batch_id)) == receipt.key[:36]
    for batch in batches:
        body = protos.SheetBody.FromString(client.close_batch(batch).sheet)
        assert body.batch.contiguous == len(records) and body.digest == batch_digest(records)


def test_texts_of_refused_rows_are_in_both_languages(gateway):
    client = gateway.client("province")
    _, receipts, _ = run_batch(client, data.NATIONAL_ORG, data.records(data.NATIONAL_ORG, "batch-40.xml"))
    for receipt in receipts:
        for finding in receipt.findings:
            assert finding.text_zh and finding.text_en
            assert "{" not in finding.text_zh + finding.text_en
            assert any("\u4e00" <= c <= "\u9fff" for c in finding.text_zh)


def test_opening_again_answers_the_same_batch(gateway):
    client = gateway.client("province")
    batch = str(uuid.uuid4())
    first = client.open_batch(batch, 3, data.NATIONAL_ORG)
    again = client.open_batch(batch, 3, data.NATIONAL_ORG)
    assert first == again
    refused = refusal(lambda: client.open_batch(batch, 4, data.NATIONAL_ORG))
    assert refused.reason.startswith("batch-")


def test_resume_behind_the_contiguous_row(gateway):
    client = gateway.client("province")
    records = data.records(data.NATIONAL_ORG)[:20]
    batch = str(uuid.uuid4())
    client.open_batch(batch, 20, data.NATIONAL_ORG, records)
    client.push(items(data.NATIONAL_ORG, records[:7], batch=batch, prefix=batch))
    client.push(items(data.NATIONAL_ORG, records[9:12], batch=batch, first_row=10, prefix=batch))
    status = client.batch_status(batch)
    assert (status.contiguous, status.added, status.closed) == (7, 10, False)
    receipts = client.push(items(data.NATIONAL_ORG, records[7:], batch=batch, first_row=8, prefix=batch))
    assert [r.outcome for r in receipts[2:5]] == [protos.DUPLICATE] * 3
    body = protos.SheetBody.FromString(client.close_batch(batch).sheet)
    assert body.batch.added + body.batch.repeated_rows == 20 or body.batch.added == 20


def test_wrong_count_and_wrong_digest_do_not_close(gateway):
    client = gateway.client("province")
    records = data.records(data.NATIONAL_ORG)[:4]
    batch = str(uuid.uuid4())
    client.open_batch(batch, 5, data.NATIONAL_ORG)
    client.push(items(data.NATIONAL_ORG, records, batch=batch, prefix=batch))
    assert refusal(lambda: client.close_batch(batch)).reason == "batch-count"
    assert not client.batch_status(batch).closed

    batch = str(uuid.uuid4())
    client.open_batch(batch, 4, data.NATIONAL_ORG, records[::-1])
    client.push(items(data.NATIONAL_ORG, records, batch=batch, prefix=batch))
    assert refusal(lambda: client.close_batch(batch)).reason == "batch-digest"
    assert not client.batch_status(batch).closed


def test_a_closed_batch_takes_no_more_and_closes_the_same_again(gateway):
    client = gateway.client("province")
    records = data.records(data.NATIONAL_ORG)[:3]
    batch, _, sheet = run_batch(client, data.NATIONAL_ORG, records)
    assert client.close_batch(batch).sheet == sheet.sheet
    receipt = client.push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)[5:6], batch=batch, first_row=3, prefix="late"))[0]
    assert receipt.outcome == protos.REFUSED and errors(receipt)[0][0] in ("batch-closed", "key-conflict")


def test_unknown_batches_and_those_of_others(gateway):
    client = gateway.client("province")
    assert refusal(lambda: client.close_batch(str(uuid.uuid4()))).reason == "batch-unknown"
    assert refusal(lambda: client.batch_status("not a uuid")).reason in ("batch-unknown", "malformed-message", "value-type", "id-type")
    batch = str(uuid.uuid4())
    client.open_batch(batch, 1, data.NATIONAL_ORG)
    other = gateway.client("suzhou")
    assert refusal(lambda: other.batch_status(batch)).reason in ("batch-unknown", "no-grant")
