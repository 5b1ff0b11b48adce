"""No identity number, no name of a test subject where it does not belong."""
import subprocess
import uuid

from lib import data
from lib.client import Refusal, items, refusal
import grpc


def needles(texts):
    return [t.encode() for t in sorted(texts)]


def hits(folder_or_file, wanted):
    files = [folder_or_file] if folder_or_file.is_file() else [f for f in folder_or_file.rglob("*") if f.is_file()]
    found = []
    for file in files:
        content = file.read_bytes().rstrip(b"\0")  # journals are preallocated
        found += [(file.name, w.decode()) for w in wanted if w in content]
    return found


def test_nothing_leaks(gateway):
    client = gateway.client("province")
    said = []
    for fmt in (data.NATIONAL_ORG, data.NATIONAL_PERSON, data.PERMIT_ORG, data.PERMIT_PERSON):
        client.push(items(fmt, data.records(fmt), prefix=fmt))
    for fmt in (data.NATIONAL_ORG, data.NATIONAL_PERSON):
        for receipt in client.push(items(fmt, data.records(fmt, "batch-40.xml"), prefix=str(uuid.uuid4()))):
            said += [f.text_zh + f.text_en + f.field + str(dict(f.parameters)) for f in receipt.findings]
    suzhou = gateway.client("suzhou")
    for fmt in (data.SUZHOU, data.SUZHOU_PERMIT, data.ZHEJIANG):
        gateway.client("municipal").push(items(fmt, data.records(fmt), prefix=fmt))
    for fmt in (data.SUZHOU, data.SUZHOU_PERMIT):
        suzhou.pull(fmt)
    for fmt in (*data.PENALTIES, *data.PERMITS):
        for target in (*data.PENALTIES, *data.PERMITS):
            try:
                answer = client.translate(fmt, target, data.package(fmt))
                said += [f.text_zh + f.text_en + f.field + str(dict(f.parameters)) for f in answer.findings]
            except grpc.RpcError as error:
                said.append(repr(Refusal(error).__dict__))
    # identifiers where none belongs: keys, format names, batch names
    person = data.table("people.tsv")[0]
    for bad in (person["document_number"], person["name"]):
        said.append(repr(refusal(lambda: suzhou.pull(bad)).__dict__))
        said.append(repr(refusal(lambda: client.batch_status(bad)).__dict__))
    status = gateway.client("operator").status()
    said.append(str(status))
    gateway.published(status.log.entries)
    gateway.stop()

    private, public = needles(data.private_texts()), needles(data.public_subject_texts())
    everybody = private + public
    assert hits(gateway.log_dir, everybody) == []
    for log in gateway.text_logs():
        assert hits(log, everybody) == []
    text = "\n".join(said).encode()
    assert [n.decode() for n in everybody if n in text] == []
    # In the store: nothing of people and sole traders. VACUUM INTO a copy, so that pages are not split by luck.
    store = [f for f in gateway.data.rglob("*") if f.is_file() and gateway.log_dir not in f.parents]
    assert store
    found = []
    for file in store:
        found += hits(file, private)
        if file.read_bytes()[:15] == b"SQLite format 3":
            copy = gateway.folder / "copy.db"
            copy.unlink(missing_ok=True)
            import sqlite3
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
                db.execute("VACUUM INTO ?", (str(copy),))
            found += hits(copy, private)
    assert found == []
    gateway.start()


def test_the_command_line_of_the_daemon_tells_nothing(gateway):
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(gateway.process.pid)], capture_output=True, text=True).stdout
    assert "key" not in shown.split("-c")[0]
