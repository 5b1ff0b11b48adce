"""Tables of adapters: made once, kept when the adapter is away, never edited or taken back; a wrong one keeps the gateway from
starting and leaves nothing behind. The shared objects are those of tests/adapters/broken/."""
import sqlite3
import subprocess

import pytest
from lib import reflected
from lib.client import refusal
from lib.paths import BUILD, DAEMON, SLOWNESS

OBJECTS = BUILD / "tests/adapters"


def adapter(gateway, name, file=None):
    folder = gateway.conf / "adapters"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.conf").write_text(f'file = "{OBJECTS / ((file or name) + ".so")}";\n')


def away(gateway, name):
    (gateway.conf / f"adapters/{name}.conf").unlink()


def grant(gateway, method, peer="suzhou"):
    file = gateway.conf / f"peers/{peer}.conf"
    file.write_text(file.read_text().replace("grants = (", f'grants = (\n  {{ method = "{method}"; }},', 1))


def ungrant(gateway, method, peer="suzhou"):
    file = gateway.conf / f"peers/{peer}.conf"
    file.write_text(file.read_text().replace(f'\n  {{ method = "{method}"; }},', "", 1))


def not_started(gateway, *words):
    """As with other failures of the store: exit status 71 and one line."""
    gateway.stderr.unlink(missing_ok=True)
    gateway.start(wait=False)
    assert gateway.process.wait(60 * SLOWNESS) == 71
    gateway.process = None
    assert not gateway.bound()
    lines = [line for line in gateway.stderr.read_text().split("\n") if all(word in line for word in words)]
    assert len(lines) == 1, (words, gateway.stderr.read_text())


def tables(gateway, like):
    with sqlite3.connect(f"file:{gateway.data}/store/xinqiao.db?mode=ro", uri=True) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name LIKE ?", (like,))}


def ask(gateway, text):
    return reflected.Service(gateway.client("suzhou"), "xinqiao.test.v1.Probe").Ask(text=text).text


def seen(gateway):
    """Tell: one question, one answer; both have one text, field 1."""
    call = gateway.client("suzhou").channel.stream_stream("/xinqiao.test.v1.Probe/Tell")
    answers = list(call(iter([b""]), timeout=20))
    assert len(answers) == 1
    text = answers[0]
    assert not text or text[0] == 10 and text[1] == len(text) - 2 < 128
    return text[2:].decode().split()


def test_rows_live_as_long_as_the_data_set(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "tables", "tables_older")
    grant(gateway, "Probe/*")
    gateway.start()
    first = int(ask(gateway, "one"))
    assert int(ask(gateway, "two")) == first + 1
    assert seen(gateway) == ["one", "two"], "what was answered is visible"
    gateway.drop_clients()
    gateway.kill()

    adapter(gateway, "tables")  # a newer edition: the second step follows
    gateway.start()
    assert seen(gateway) == ["one", "two"]
    assert int(ask(gateway, "three")) > first + 1
    gateway.drop_clients()
    assert gateway.stop() == 0

    away(gateway, "tables")
    ungrant(gateway, "Probe/*")
    gateway.start()
    assert "xinqiao.test.v1.Probe" not in reflected.services(gateway.client("suzhou"))
    gateway.drop_clients()
    assert gateway.stop() == 0
    assert tables(gateway, "tables%") == {"tables_note", "tables_note_t"}

    adapter(gateway, "tables")
    grant(gateway, "Probe/*")
    gateway.start()
    assert seen(gateway) == ["one", "two", "three"]


def test_a_statement_that_fails_undoes_its_call_alone(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "tables")
    grant(gateway, "Probe/*")
    gateway.start()
    ask(gateway, "one")
    assert refusal(lambda: ask(gateway, "one")).reason == "internal"
    ask(gateway, "two")
    assert seen(gateway) == ["one", "two"]
    assert "tables: statement 0 (put): a constraint of the table" in gateway.text()


@pytest.mark.parametrize("name, words", [
    ("bad_migration", ('adapter bad_migration: migration 2 "all records"', "reads the table record")),
    ("bad_statement", ("adapter bad_statement: statement find", "no such column: text")),
])
def test_a_wrong_schema_keeps_the_gateway_from_starting(stopped_gateway, name, words):
    gateway = stopped_gateway
    adapter(gateway, "tables")
    adapter(gateway, name)
    done = subprocess.run([DAEMON, "-c", gateway.file, "--check"], capture_output=True, text=True, timeout=60 * SLOWNESS)
    assert done.returncode == 78 and all(word in done.stderr for word in words), done
    assert not gateway.data.exists()
    not_started(gateway, *words)
    assert tables(gateway, "bad%") == set() == tables(gateway, "tables%"), "nothing of any adapter"
    away(gateway, name)
    gateway.start()


def test_a_step_is_never_edited_or_taken_back(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "tables")
    grant(gateway, "Probe/*")
    gateway.start()
    ask(gateway, "one")
    gateway.drop_clients()
    assert gateway.stop() == 0
    adapter(gateway, "tables", "tables_edited")
    not_started(gateway, 'adapter tables: migration 1 "notes" was edited after it ran here', "add a step")
    adapter(gateway, "tables", "tables_older")
    not_started(gateway, "adapter tables: its tables are of migration 2, this one knows up to 1", "load the newer adapter")
    adapter(gateway, "tables")
    gateway.start()
    assert seen(gateway) == ["one"]
