"""The log verifies; one byte changed anywhere in a copy does not, and the tool names the entry."""
import json
import random
import re
import shutil

import pytest
from lib import data
from lib.client import items, refusal


@pytest.fixture(scope="module")
def log(tmp_path_factory, shared):
    """A log of some hundred entries and its verifier key; the gateway is stopped."""
    client = shared.client("province")
    for n in range(3):
        client.push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG), prefix=f"r{n}"))
    for _ in range(280):
        refusal(lambda: shared.client("suzhou").pull("nothing@1") if False else client.batch_status("00000000-0000-7000-8000-000000000000"))
    vkey = shared.vkey()
    shared.drop_clients()
    assert shared.stop() == 0
    yield shared.shard(), vkey, shared
    shared.start()


def copy(log, tmp_path):
    shutil.copytree(log[0], tmp_path / "log")
    return tmp_path / "log"


def test_the_log_verifies(log):
    done = log[2].tool("log", "verify", log[0], "--vkey", log[1], "--json")
    assert json.loads(done.stdout.strip().split("\n")[-1])
    done = log[2].tool("log", "verify", log[0], "--vkey", log[1], "--lang", "zh")
    assert re.search(r"[\u4e00-\u9fff]", done.stdout)


def test_an_older_checkpoint_is_extended(log, tmp_path):
    old = tmp_path / "old"
    shutil.copy(log[0] / "checkpoint", old)
    log[2].tool("log", "verify", log[0], "--vkey", log[1], "--old", old)


def test_another_key_does_not_verify(log, tmp_path):
    text = log[1].read_text().split("\n")[0]
    name, _, key = text.split("+", 2)
    other = tmp_path / "other.vkey"
    import base64
    import hashlib
    raw = bytearray(base64.b64decode(key))
    raw[5] ^= 1
    other.write_text(f"{name}+{hashlib.sha256(name.encode() + chr(10).encode() + raw).hexdigest()[:8]}+{base64.b64encode(raw).decode()}\n")
    log[2].tool("log", "verify", log[0], "--vkey", other, ok=(1, 2))


@pytest.mark.parametrize("seed", range(12))
def test_one_changed_byte_is_found_at_its_entry(log, tmp_path, seed):
    rng = random.Random(seed)
    where = copy(log, tmp_path)
    bundles = [f for f in (where / "tile/entries").rglob("*") if f.is_file()]
    # a partial bundle that a full one has replaced is no part of the log any more
    bundles = [b for b in bundles if not (".p" in str(b) and (b.parent.parent / b.parent.name[:-2]).exists())]
    partial = sorted((b for b in bundles if ".p" in str(b)), key=lambda b: int(b.name))
    bundles = [b for b in bundles if ".p" not in str(b)] + partial[-1:]
    bundle = rng.choice(bundles)
    raw = bytearray(bundle.read_bytes())
    at = rng.randrange(len(raw))
    first = int((bundle.parent.name if ".p" in str(bundle) else bundle.name)[:3]) * 256
    offset, index = 0, first
    while offset < len(raw):
        length = 2 + int.from_bytes(raw[offset:offset + 2], "big")
        if at < offset + length:
            break
        offset, index = offset + length, index + 1
    raw[at] ^= 1 << rng.randrange(8)
    bundle.write_bytes(raw)
    done = log[2].tool("log", "verify", where, "--vkey", log[1], "--lang", "en", ok=(1,))
    assert re.search(rf"\b{index}\b", (done.stdout + done.stderr).replace(",", "")), (index, done.stdout, done.stderr)


def test_changed_tiles_and_checkpoints_are_found(log, tmp_path):
    where = copy(log, tmp_path)
    note = where / "checkpoint"
    good = note.read_bytes()
    for at in (0, len(good) // 3, len(good) // 2, len(good) - 5):
        bad = bytearray(good)
        bad[at] ^= 1
        note.write_bytes(bad)
        log[2].tool("log", "verify", where, "--vkey", log[1], ok=(1, 2))
    note.write_bytes(good)
    tile = max((f for f in (where / "tile/0").rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    raw = bytearray(tile.read_bytes())
    raw[len(raw) // 2] ^= 4
    tile.write_bytes(raw)
    log[2].tool("log", "verify", where, "--vkey", log[1], ok=(1,))
    tile.unlink()
    log[2].tool("log", "verify", where, "--vkey", log[1], ok=(1, 2))


def test_what_lies_behind_the_checkpoint_is_said(log, tmp_path):
    """An older checkpoint put back is still good; the entries behind it are not hidden."""
    where = copy(log, tmp_path)
    done = log[2].tool("log", "verify", where, "--vkey", log[1], "--json")
    assert json.loads(done.stdout)["beyond_checkpoint"] == 0
    size = int((where / "checkpoint").read_text().split("\n")[1])
    beyond = where / "tile/entries" / f"{size // 256:03d}.p" / str(size % 256 + 1)
    beyond.write_bytes(b"something")
    done = log[2].tool("log", "verify", where, "--vkey", log[1], "--json")
    assert json.loads(done.stdout)["beyond_checkpoint"] == 1
    assert "1 more entries lie" in log[2].tool("log", "verify", where, "--vkey", log[1], "--lang", "en").stdout


def test_one_log_in_two_folders_is_refused(log, tmp_path):
    for name in ("2026", "2026-copy"):
        shutil.copytree(log[0], tmp_path / "logs" / name)
    done = log[2].tool("log", "verify", tmp_path / "logs", "--vkey", log[1], "--lang", "en", ok=(1,))
    assert "2026 and " in done.stderr and "2026-copy" in done.stderr


def test_an_old_checkpoint_that_is_none(log, tmp_path):
    old = tmp_path / "old"
    for content in (b"", b"garbage\n", (log[0] / "checkpoint").read_bytes().split(b"\n\n")[0]):
        old.write_bytes(content)
        done = log[2].tool("log", "verify", log[0], "--vkey", log[1], "--old", old, "--lang", "en", ok=(2,))
        assert "not a checkpoint" in done.stderr and not done.stdout


def test_another_key_and_an_altered_checkpoint_are_told_apart(log, tmp_path):
    where = copy(log, tmp_path)
    note = (where / "checkpoint").read_text()
    root = note.split("\n")[2]
    (where / "checkpoint").write_text(note.replace(root, ("B" if root[0] == "A" else "A") + root[1:]))
    done = log[2].tool("log", "verify", where, "--vkey", log[1], "--lang", "en", ok=(1,))
    assert "altered" in done.stdout and "checkpoint checkpoint" not in done.stdout
    (where / "checkpoint").write_text(note)
    test_another_key_does_not_verify(log, tmp_path)
    done = log[2].tool("log", "verify", where, "--vkey", tmp_path / "other.vkey", "--lang", "en", ok=(1,))
    assert "no signature of a given key" in done.stdout


def test_a_removed_end_is_found_with_an_older_checkpoint(log, tmp_path):
    """A log cut back to an older size does not extend the newer checkpoint that somebody kept."""
    where = copy(log, tmp_path)
    newer = tmp_path / "newer"
    shutil.copy(where / "checkpoint", newer)
    size = int((where / "checkpoint").read_text().split("\n")[1])
    assert size > 256
    (where / "checkpoint").write_text((where / "checkpoint").read_text().replace(f"\n{size}\n", f"\n{size - 1}\n"))
    log[2].tool("log", "verify", where, "--vkey", log[1], "--old", newer, ok=(1, 2))


def test_a_gateway_refuses_a_log_that_was_changed(gateway):
    gateway.client("province").push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG)))
    gateway.published(gateway.client("operator").status().log.entries)
    gateway.drop_clients()
    assert gateway.stop() == 0
    bundles = sorted((f for f in (gateway.shard() / "tile/entries").rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    raw = bytearray(bundles[-1].read_bytes())
    raw[-10] ^= 1
    bundles[-1].write_bytes(raw)
    gateway.start(wait=False)
    status = gateway.process.wait(60)
    assert status == 73, gateway.tail()
    gateway.expect_exit = 73
