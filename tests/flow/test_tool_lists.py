"""The tool and lists: published, pulled into a copy, checked, held and released; what is missing is never called "not listed"."""
import json
import os
import pty
import random
import signal
import subprocess
import termios
import time

import pytest
from lib import lists
from lib.lists import FIRMS, FORMAT, PEOPLE, SERIOUS
from lib.paths import SLOWNESS, TOOL

KEY = ("--key-field", "list_entry.case_no")


def who(gateway, name, purpose=None):
    return ("--as", gateway.pki / name, *(("--purpose", purpose) if purpose else ()))


def package(path, firms, **more):
    rows = [lists.record(f, id=f"T{i:04d}", **more).decode() for i, f in enumerate(firms)]
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    return path


def publish(gateway, file, *more, ok=(0,), peer="market-bureau"):
    done = gateway.tool("lists", "publish", file, "--list", SERIOUS, "--format", FORMAT, *KEY, *who(gateway, peer), "--json", *more, ok=ok)
    return json.loads(done.stdout)


def check(gateway, *more, ok=(0, 3, 4), **also):
    return gateway.tool("check-list", *more, "--lists", SERIOUS, *who(gateway, "municipal", "credit-supervision"), ok=ok, **also)


def pull(gateway, out, *more, ok=(0,)):
    done = gateway.tool("lists", "pull", SERIOUS, "--format", FORMAT, "--out", out, *who(gateway, "province", "joint-discipline"), "--json", *more,
                        ok=ok)
    return json.loads(done.stdout) if done.stdout else None


def copy_of(folder):
    return sorted(json.loads(f.read_text())["id"] for f in (folder / "entries").iterdir())


def test_a_missing_list_says_nothing(gateway, tmp_path):
    uscc = FIRMS[0]["uscc"]
    shown = json.loads(check(gateway, "--uscc", uscc, "--json", ok=(4,)).stdout)
    assert (shown["listed"], shown["conclusive"], shown["states"][0]["condition"]) == (False, False, "missing")
    assert "不在" not in check(gateway, "--uscc", uscc, ok=(4,)).stdout
    assert "no conclusion" in check(gateway, "--uscc", uscc, "--lang", "en", ok=(4,)).stdout
    gateway.tool("lists", *who(gateway, "operator"), ok=(1,))
    empty = gateway.tool("lists", "publish", "--list", SERIOUS, "--snapshot", "--empty", "--version", "0", *who(gateway, "market-bureau"), "--json")
    assert json.loads(empty.stdout)["applied"]
    shown = json.loads(check(gateway, "--uscc", uscc, "--json", ok=(0,)).stdout)
    assert (shown["conclusive"], shown["states"][0]["condition"]) == (True, "empty")


def test_published_checked_and_the_same_again(gateway, tmp_path):
    file = package(tmp_path / "a.json", FIRMS[:5])
    assert publish(gateway, file, "--snapshot", "--version", "1")["version"]["added"] == 5
    assert publish(gateway, file, "--snapshot", "--version", "1")["applied"]
    shown = json.loads(check(gateway, "--uscc", FIRMS[2]["uscc"], "--json", ok=(3,)).stdout)
    hit = shown["hits"][0]
    assert hit["list"] == SERIOUS and hit["basis"] and hit["until"] and hit["authority"]
    assert any(m["id"] == "national-measures-2025.tendering" and m["basis"] and m["agency"] for m in hit["measures"])
    text = check(gateway, "--uscc", FIRMS[2]["uscc"], ok=(3,)).stdout
    assert "national-measures-2025.tendering" in text and hit["until"] in text and "严重违法" in text
    assert json.loads(check(gateway, "--uscc", FIRMS[9]["uscc"], "--json", ok=(0,)).stdout)["conclusive"]
    again = publish(gateway, file)  # the same rows, each for itself
    assert (again["new"], again["duplicate"], again["updated"]) == (0, 5, 0), again


def test_an_unlawful_measure_refuses_the_entry(gateway, tmp_path):
    file = package(tmp_path / "a.json", FIRMS[:1])
    shown = publish(gateway, file, "--measures", "national-measures-2025.tendering,national-measures-2025.exit", ok=(3,))
    assert shown["refused"] == 1 and "national-measures-2025.exit" in shown["refusals"][0]["findings"][0]["text"], shown
    other = gateway.tool("lists", "publish", file, "--list", "court-defaulter", "--format", FORMAT, *who(gateway, "market-bureau"), ok=(3, 6))
    assert "sanction-list" in other.stdout + other.stderr
    gateway.tool("lists", "publish", file, "--list", SERIOUS, "--format", FORMAT, *who(gateway, "suzhou"), ok=(6,))
    check(gateway, "--uscc", FIRMS[0]["uscc"], ok=(4,))


def test_a_version_that_is_refused_does_not_send_its_rows(gateway, tmp_path):
    file = package(tmp_path / "a.json", FIRMS[:3])
    shown = publish(gateway, file, "--snapshot", "--version", "x" * 65, ok=(3,))
    assert shown["refused"] == 1 and not shown["applied"] and shown["new"] == 0
    check(gateway, "--uscc", FIRMS[0]["uscc"], ok=(4,))


def test_a_version_that_was_cut_off_goes_on(gateway, tmp_path):
    """Opened and half sent by a run that ended; the same command again sends all of it and closes it."""
    file = package(tmp_path / "a.json", FIRMS[:6])
    as_of = 1795000000
    os.utime(file, (as_of, as_of))
    rows = [lists.entry(f"T{i:04d}", lists.record(f, id=f"T{i:04d}"), as_of * 1000000) for i, f in enumerate(FIRMS[:3])]
    receipts = lists.publish(gateway.client("market-bureau"), [lists.opening("1", 6, as_of), *rows])
    assert lists.outcomes(receipts) == ["opened", "staged", "staged", "staged"]
    check(gateway, "--uscc", FIRMS[0]["uscc"], ok=(4,))
    shown = publish(gateway, file, "--snapshot", "--version", "1")
    assert shown["applied"] and shown["version"]["added"] == 6, shown


def test_a_truncated_file_is_not_sent(gateway, tmp_path):
    file = package(tmp_path / "a.json", FIRMS[:3])
    file.write_bytes(file.read_bytes()[:-40])
    gateway.tool("lists", "publish", file, "--list", SERIOUS, "--format", FORMAT, "--snapshot", "--version", "1", *who(gateway, "market-bureau"),
                 ok=(1,))
    check(gateway, "--uscc", FIRMS[0]["uscc"], ok=(4,))


def test_a_large_change_is_held_and_released_by_two(gateway, tmp_path):
    publish(gateway, package(tmp_path / "a.json", FIRMS[:3]), "--snapshot", "--version", "1")
    operator, second = who(gateway, "operator"), who(gateway, "operator2")
    assert "没有" in gateway.tool("lists", "held", *operator).stdout
    shown = publish(gateway, package(tmp_path / "b.json", FIRMS[:20]), "--snapshot", "--version", "2", ok=(4,))
    assert shown["held"] and not shown["applied"]
    pull(gateway, tmp_path / "copy")
    assert len(copy_of(tmp_path / "copy")) == 3
    state = json.loads((tmp_path / "copy/state.json").read_text())["states"][0]
    assert state["held"] and state["version"] == "1"
    held = json.loads(gateway.tool("lists", "held", *operator, "--json", ok=(4,)).stdout)["held"]
    assert [(h["list"], h["source"], h["version"], h["reason"]) for h in held] == [(SERIOUS, "market-bureau", "2", "sanction-list-adds-many")]
    status = gateway.tool("status", *operator, ok=(1,)).stdout
    assert SERIOUS in status and "需处理" in status
    gateway.tool("lists", "release", SERIOUS, "market-bureau", "9", *operator, ok=(6,))
    gateway.tool("lists", "release", SERIOUS, "market-bureau", "2", *operator, ok=(4,))
    gateway.tool("lists", "release", SERIOUS, "market-bureau", "2", *operator, ok=(6,))
    assert len(copy_of(tmp_path / "copy")) == 3
    gateway.tool("lists", "release", SERIOUS, "market-bureau", "2", *second)
    pull(gateway, tmp_path / "copy")
    assert len(copy_of(tmp_path / "copy")) == 20
    publish(gateway, package(tmp_path / "c.json", FIRMS[:2]), "--snapshot", "--version", "3", ok=(4,))
    gateway.tool("lists", "discard", SERIOUS, "market-bureau", "3", *operator)
    gateway.tool("lists", "held", *operator)
    gateway.tool("lists", "release", SERIOUS, "market-bureau", *operator, ok=(2,))


def test_a_copy_applies_removals_and_goes_on(gateway, tmp_path):
    publish(gateway, package(tmp_path / "a.json", FIRMS[:6]))
    copy = tmp_path / "copy"
    assert pull(gateway, copy)["delivered"] == 6
    assert pull(gateway, copy)["delivered"] == 0
    remove = ("lists", "remove", "T0002", "--list", SERIOUS, *who(gateway, "market-bureau"))
    gateway.tool(*remove, "--end", "forgotten", ok=(2,))
    gateway.tool(*remove, "--end", "repaired")
    gateway.tool("lists", "remove", "T9999", "--list", SERIOUS, "--end", "repaired", *who(gateway, "market-bureau"), ok=(3,))
    shown = pull(gateway, copy)
    assert (shown["delivered"], shown["removals"], shown["entries"]) == (0, 1, 5)
    assert copy_of(copy) == ["T0000", "T0001", "T0003", "T0004", "T0005"]
    assert not any(FIRMS[2]["uscc"] in f.read_text() for f in (copy / "entries").iterdir())
    # Another list or format has a folder of its own; a copy that lost its cursor is built anew, without what has ended.
    gateway.tool("lists", "pull", "court-defaulter", "--format", FORMAT, "--out", copy, *who(gateway, "province", "joint-discipline"), ok=(2,))
    (copy / "cursor").unlink()
    stale = copy / "entries" / ("0" * 32 + ".json")
    stale.write_text('{"id":"STALE"}')
    pull(gateway, copy)
    assert copy_of(copy) == ["T0000", "T0001", "T0003", "T0004", "T0005"]
    (copy / "cursor").write_text("rubbish\n")
    pull(gateway, copy, ok=(1,))
    pull(gateway, copy, "--again")
    assert len(copy_of(copy)) == 5


def test_a_step_that_a_kill_left_pending_is_applied(gateway, tmp_path):
    """As a kill between `pending` and the cursor leaves it: half of its entries are there, the cursor is the one before."""
    publish(gateway, package(tmp_path / "a.json", FIRMS[:3]))
    copy = tmp_path / "copy"
    pull(gateway, copy)
    before = (copy / "cursor").read_text()
    entry = next(f for f in (copy / "entries").iterdir() if json.loads(f.read_text())["id"] == "T0001")
    other = next(f for f in (copy / "entries").iterdir() if json.loads(f.read_text())["id"] == "T0002")
    item = bytes.fromhex(other.stem) + len(other.read_bytes()).to_bytes(4, "big") + other.read_bytes()
    gone = bytes.fromhex(entry.stem) + bytes(4)
    cursor = before.split("\ncursor ")[1]
    (copy / "pending").write_bytes(b"xinqiao-list-step 1\nfresh 0\ncursor " + cursor.encode() + item + gone)
    other.unlink()
    pull(gateway, copy)
    assert copy_of(copy) == ["T0000", "T0002"] and not (copy / "pending").exists()
    (copy / "pending").write_bytes(b"xinqiao-list-step 1\nfresh 0\ncursor " + cursor.encode() + item[:20])
    pull(gateway, copy, ok=(1,))
    assert (copy / "pending").exists()


@pytest.mark.slow
def test_a_copy_survives_kills(gateway, tmp_path):
    """kill -9 at any moment of a pull: when it has ended at last, the copy is what the list is, and no file is half written."""
    rng = random.Random(7)
    rows = [lists.record(FIRMS[i % len(FIRMS)], id=f"T{i:04d}").decode() for i in range(2500)]
    (tmp_path / "a.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    publish(gateway, tmp_path / "a.json", "--snapshot", "--version", "1")
    live, copy = {f"T{i:04d}" for i in range(2500)}, tmp_path / "copy"
    command = [str(w) for w in (TOOL, "lists", "pull", SERIOUS, "--format", FORMAT, "--out", copy, *who(gateway, "province", "joint-discipline"))]
    for _ in range(6):
        puller = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.4)
        puller.kill()
        puller.wait()
        gone = rng.choice(sorted(live))
        gateway.tool("lists", "remove", gone, "--list", SERIOUS, "--end", "repaired", *who(gateway, "market-bureau"))
        live.discard(gone)
    pull(gateway, copy)
    assert copy_of(copy) == sorted(live)
    assert {f.name for f in copy.iterdir()} == {"cursor", "entries", "state.json"}


@pytest.mark.slow
def test_follow_applies_what_comes(gateway, tmp_path):
    publish(gateway, package(tmp_path / "a.json", FIRMS[:2]))
    copy = tmp_path / "copy"
    command = [TOOL, "lists", "pull", SERIOUS, "--format", FORMAT, "--out", copy, *who(gateway, "province", "joint-discipline"), "--follow", "--json"]
    puller = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE)

    def until(wanted):
        end = time.monotonic() + 30 * SLOWNESS
        while time.monotonic() < end:
            if (copy / "cursor").exists() and copy_of(copy) == wanted:
                return
            time.sleep(0.05)
        raise AssertionError(copy_of(copy))

    try:
        until(["T0000", "T0001"])
        gateway.tool("lists", "remove", "T0000", "--list", SERIOUS, "--end", "withdrawn", *who(gateway, "market-bureau"))
        until(["T0001"])
        gateway.process.send_signal(signal.SIGHUP)  # the stream ends, and the tool goes on from its cursor
        publish(gateway, package(tmp_path / "b.json", FIRMS[:3]))
        until(["T0000", "T0001", "T0002"])  # listed again, by a later file
    finally:
        puller.send_signal(signal.SIGTERM)
        out = puller.communicate(timeout=30 * SLOWNESS)[0]
    assert puller.returncode == 0
    assert json.loads(out)["removals"] == 1


def test_persons_are_asked_for_without_a_trace(gateway, tmp_path):
    number = next(p["document_number"] for p in PEOPLE if p["document_kind"] == "身份证")
    publish(gateway, package(tmp_path / "a.json", FIRMS[:1]))
    done = check(gateway, "--uscc", number, ok=(2,))
    assert number not in done.stderr
    done = check(gateway, input=number + "\n", ok=(0, 3))
    assert number not in done.stdout + done.stderr and number[:4] + "*" in done.stdout
    file = tmp_path / "who.txt"
    file.write_text(f"# whom\n\ncitizen-id {number}\n")
    check(gateway, file, ok=(0, 3))
    for bad in ("", "citizen-id 330602190001011234\n", "passport E1234\n", "badge 12\n", "3306\n", "citizen-id\n", "9" * 400):
        done = check(gateway, input=bad, ok=(2,))
        assert "xinqiao" in done.stderr and "330602190001011234" not in done.stderr
    check(gateway, tmp_path / "nobody.txt", ok=(1,))
    assert number not in gateway.text()


def test_a_prompt_shows_nothing(gateway, tmp_path):
    """On a terminal the number is asked for and not echoed."""
    number = next(p["document_number"] for p in PEOPLE if p["document_kind"] == "身份证")
    publish(gateway, package(tmp_path / "a.json", FIRMS[:1]))
    master, slave = pty.openpty()
    command = [TOOL, "check-list", "--lists", SERIOUS, *who(gateway, "municipal", "credit-supervision")]
    tool = subprocess.Popen([str(c) for c in command], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while termios.tcgetattr(slave)[3] & termios.ECHO and tool.poll() is None:
        time.sleep(0.01)
    os.write(master, number.encode() + b"\n")
    out, err = tool.communicate(timeout=60 * SLOWNESS)
    assert tool.returncode == 0, err.decode()
    assert "证件号码" in err.decode() and number.encode() not in out + err
    assert termios.tcgetattr(slave)[3] & termios.ECHO  # as it was before
    os.set_blocking(master, False)
    try:
        assert number.encode() not in os.read(master, 4096)
    except BlockingIOError:
        pass
    os.close(slave)
    os.close(master)


def test_a_file_of_subjects(gateway, tmp_path):
    publish(gateway, package(tmp_path / "a.json", FIRMS[:3]))
    subjects = tmp_path / "subjects.txt"
    rows = ["# firms", *(f["uscc"] for f in FIRMS[:10]), "", *(f["uscc"] for f in FIRMS[10:14]) ] * 20
    subjects.write_text("\n".join(rows))
    shown = json.loads(check(gateway, "--batch", subjects, "--json", ok=(3,)).stdout)
    assert (shown["asked"], shown["listed"], shown["failed"]) == (280, 60, 0)
    assert shown["answers"][0]["row"] == 2 and shown["answers"][0]["hits"] and not shown["answers"][5]["hits"]
    text = check(gateway, "--batch", subjects, "--lang", "en", ok=(3,)).stdout
    assert "280 subjects checked: 60 on a list" in text
    subjects.write_text(f"{FIRMS[9]['uscc']}\nrubbish\n{FIRMS[8]['uscc']}\n")
    done = check(gateway, "--batch", subjects, ok=(4,))
    assert "第 2 行" in done.stderr
    check(gateway, "--batch", subjects, "--uscc", FIRMS[0]["uscc"], ok=(2,))


def test_usage(stopped_gateway, tmp_path):
    tool = stopped_gateway.tool
    for command in (["check-list"], ["lists"], ["lists", "publish"], ["lists", "remove"], ["lists", "pull"], ["lists", "held"], ["lists", "release"],
                    ["lists", "discard"]):
        zh, en = tool(*command, "--help").stdout, tool(*command, "--help", "--lang", "en").stdout
        assert "用法" in zh and "usage:" in en and "exit codes" in en, command
    file = package(tmp_path / "a.json", FIRMS[:1])
    for words in (["publish"], ["publish", "-", "--list", SERIOUS, "--format", FORMAT], ["publish", file, "--list", SERIOUS], ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--snapshot"],
                  ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--version", "1"],
                  ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--empty", "--snapshot", "--version", "1"],
                  ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--snapshot", "--batch", "--version", "1"],
                  ["publish", file, "--list", SERIOUS, "--format", "nothing@1"],
                  ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--key-field", "subject.uscc"],
                  ["publish", file, "--list", SERIOUS, "--format", FORMAT, "--as-of", "yesterday"], ["pull", SERIOUS], ["remove", "x"],
                  ["remove", "x", "--list", SERIOUS, "--end", "repaired", "--ended-on", "1.1.2026"], ["release", "a", "b"]):
        tool("lists", *words, ok=(2,))
    assert os.listdir(tmp_path / "gw" / "out") == []
