"""Adapters from files: what is refused at load and at reload, in one sentence that names file and line, and that nothing is half
loaded then. The shared objects are those of tests/adapters/broken/."""
import os
import re
import shutil
import signal
import subprocess
import time

import grpc
import pytest
from lib import reflected
from lib.client import refusal
from lib.paths import BUILD, DAEMON, SLOWNESS, TOOL

BROKEN = BUILD / "tests/adapters"


def adapter(gateway, name, options="", file=None):
    """conf/adapters/NAME.conf; the object of that name unless another is given."""
    folder = gateway.conf / "adapters"
    folder.mkdir(exist_ok=True)
    conf = folder / f"{name}.conf"
    conf.write_text(f'// {name}\nfile = "{file or BROKEN / (name + ".so")}";\n' + (f"options = {{\n{options}\n}};\n" if options else ""))
    return conf


def check(gateway):
    return subprocess.run([DAEMON, "-c", gateway.file, "--check"], capture_output=True, text=True, timeout=60 * SLOWNESS)


def refused(gateway, *words, line=True):
    """Not by --check, and not at start: exit status 78, one line that says all the words, no listener."""
    done = check(gateway)
    assert done.returncode == 78, done
    lines = [text for text in done.stderr.split("\n") if all(word in text for word in words)]
    assert len(lines) == 1, (words, done.stderr)
    if line:
        assert re.search(r"/conf/adapters/\w+\.conf:\d+: ", lines[0]), lines
    gateway.start(wait=False)
    assert gateway.process.wait(60 * SLOWNESS) == 78
    gateway.process = None
    assert not gateway.bound()
    assert lines[0] in gateway.stderr.read_text()
    assert not gateway.data.exists() or not any(gateway.data.rglob("*.db"))
    return lines[0]


def grant(gateway, method, peer="suzhou"):
    file = gateway.conf / f"peers/{peer}.conf"
    file.write_text(file.read_text().replace("grants = (", f'grants = (\n  {{ method = "{method}"; }},', 1))


def probe(gateway):
    return reflected.Service(gateway.client("suzhou"), "xinqiao.test.v1.Probe")


@pytest.mark.parametrize("name, words", [
    ("wrong_major", ("speaks ABI 2.2, this gateway 1.2", "rebuild it with our gw_adapter.h")),
    ("newer_minor", ("speaks ABI 1.3, this gateway 1.2", "rebuild it")),
    ("small_struct", ("bytes, ABI 1.2 needs", "rebuild it with our gw_adapter.h")),
    ("no_entry", ("exports no gw_adapter_entry", "no adapter")),
    ("null_entry", ("gw_adapter_entry() answers nothing",)),
    ("duplicate_method", ("/xinqiao.test.v1.Probe/Ask is published twice",)),
    ("duplicate_service", ("adapter health has a service Health already",)),
    ("row_unknown", ("has no method Listen", "rebuild it with its .proto")),
    ("streaming_differs", ("Probe/Tell is bidirectional in its .proto and unary in its row",)),
    ("service_missing", ("xinqiao.test.v1.Probe is not in its descriptor set",)),
    ("descriptors_cut", ("is no FileDescriptorSet",)),
    ("exempt_method", ("exempt from the exchange log",)),
    ("init_fails", ("adapter init_fails: its init() failed",)),
    ("reason_prefix", ("reason overload-of-mine does not begin with reason-prefix-",)),
    ("reason_underscore", ("reason-underscore-not_found", "lower-case letters")),
    ("bad_option_row", ("option row 0 (tries)", "default is not a value")),
])
def test_a_broken_adapter_is_refused_in_one_sentence(stopped_gateway, name, words):
    adapter(stopped_gateway, name)
    told = refused(stopped_gateway, *words)
    assert f"conf/adapters/{name}.conf:2: file: " in told


def test_a_good_one_beside_a_broken_one_is_not_served(stopped_gateway):
    adapter(stopped_gateway, "options")
    adapter(stopped_gateway, "init_fails")
    refused(stopped_gateway, "init_fails")
    (stopped_gateway.conf / "adapters/init_fails.conf").unlink()
    stopped_gateway.start()
    assert "xinqiao.test.v1.Probe" in reflected.services(stopped_gateway.client("suzhou"))


def test_two_with_one_service(stopped_gateway):
    adapter(stopped_gateway, "options")
    adapter(stopped_gateway, "twin")
    refused(stopped_gateway, "twin", "Probe/Ask is published twice")


def test_an_adapter_of_version_1_1_works(stopped_gateway):
    adapter(stopped_gateway, "old_version")
    grant(stopped_gateway, "Probe/Ask")
    stopped_gateway.start()
    assert probe(stopped_gateway).Ask(text="还在").text == "还在"


def test_the_file_and_its_name(stopped_gateway, tmp_path):
    gateway = stopped_gateway
    adapter(gateway, "options", file="/nowhere/options.so")
    refused(gateway, "there is no file /nowhere/options.so")
    adapter(gateway, "options", file="lib/options.so")
    refused(gateway, 'seen "lib/options.so"', "an absolute path")
    adapter(gateway, "options", file=tmp_path)
    refused(gateway, "is no regular file")
    adapter(gateway, "options", file=BROKEN / "twin.so")
    refused(gateway, "it is adapter twin, not options", "twin.conf")
    text = tmp_path / "text.so"
    text.write_text("no library")
    adapter(gateway, "options", file=text)
    refused(gateway, "can not be loaded: ")
    conf = adapter(gateway, "options")
    conf.write_text(conf.read_text().replace("file =", "fil ="))
    refused(gateway, "options.conf: file is missing", line=False)
    refused(gateway, "options.conf:2: fil: ", 'did you mean "file"?')
    conf.rename(conf.with_name("Options.conf"))
    refused(gateway, "Options.conf", "named like no adapter", line=False)
    conf.with_name("Options.conf").unlink()
    adapter(gateway, "options", file="options.so")
    gateway.set(adapters_lib="")
    refused(gateway, "options.conf", "adapters_lib does not say")
    folder = tmp_path / "lib"
    folder.mkdir(mode=0o755)
    for object in (BROKEN / "options.so", *(BUILD / "adapters").glob("*.so")):
        (folder / object.name).symlink_to(object)
    gateway.set(adapters_lib=str(folder))
    loaded = len(list((gateway.conf / "adapters").glob("*.conf")))
    done = check(gateway)
    assert done.returncode == 0 and f" {loaded} adapters" in done.stdout, done


def test_nobody_else_may_write_it(stopped_gateway, tmp_path):
    folder = tmp_path / "lib"
    folder.mkdir(mode=0o755)
    file = folder / "options.so"
    shutil.copy(BROKEN / "options.so", file)
    file.chmod(0o644)
    adapter(stopped_gateway, "options", file=file)
    assert check(stopped_gateway).returncode == 0
    file.chmod(0o664)
    refused(stopped_gateway, f"the file {file} may be written by its group", "chmod go-w")
    file.chmod(0o646)
    refused(stopped_gateway, f"the file {file} may be written by everybody")
    file.chmod(0o644)
    folder.chmod(0o775)
    refused(stopped_gateway, f"the folder {folder} may be written by its group")
    folder.chmod(0o755)
    tmp_path.chmod(0o777)
    refused(stopped_gateway, f"the folder {tmp_path} may be written by everybody")
    tmp_path.chmod(0o1777)
    link = tmp_path / "link.so"
    link.symlink_to(file)
    adapter(stopped_gateway, "options", file=link)
    assert check(stopped_gateway).returncode == 0, "what counts is the file itself"
    if os.geteuid() == 0:
        os.chown(file, 65534, -1)
        refused(stopped_gateway, "belongs to user 65534", "chown")


@pytest.mark.parametrize("given, words", [
    ("tries = 11;", ("options.tries", "seen 11", "from 1 to 10")),
    ("tries = 0;", ("options.tries", "seen 0")),
    ('tries = "3";', ("options.tries", "a whole number")),
    ("brisk = 1;", ("options.brisk", "true or false")),
    ('mood = "";', ("options.mood", "from 1 to 16 bytes long")),
    ('mood = "longer than it may be";', ("options.mood", "16 bytes")),
    ("wait = 5;", ("options.wait", "a duration")),
    ('wait = "2min";', ("options.wait", "from 1s to 1min")),
    ('room = "1 B";', ("options.room", "from 1 KiB to 1 MiB")),
    ("trys = 4;", ("options.trys", 'did you mean "options.tries"?')),
    ("colour = 4;", ("options.colour", "unknown option")),
    ('mood = "bad";', ("mood: this one does not like it",)),
    ('mood = "two-faced";', ("mood: this one does not like it",)),
    ('mood = "silent";', ("refuses the configuration, and does not say why",)),
])
def test_options_that_are_refused(stopped_gateway, given, words):
    adapter(stopped_gateway, "options", given)
    whole = "mood: " in words[0] or "does not say why" in words[0]  # told by prepare(), of the whole file
    told = refused(stopped_gateway, *words, line=not whole)
    assert "options.conf" + (": " if whole else ":4: ") in told


def reload(gateway):
    gateway.process.send_signal(signal.SIGHUP)


def wait_for(what, seconds=15):
    until = time.monotonic() + seconds * SLOWNESS
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def red(gateway, *words):
    """The reload was refused, and the operator's status says why."""
    operator = gateway.client("operator")
    wait_for(lambda: any(all(word in line.text_en for word in words) for line in operator.status().red if line.reason == "reload-refused"))


def test_a_reload_takes_options_and_refuses_the_rest(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "options", 'tries = 4;\nwait = "2s";')
    grant(gateway, "Probe/*")
    gateway.start()
    ask = probe(gateway).Ask
    assert ask().text == "4 0 good 2000 65536; prepared 1 committed 1 aborted 0 released 0"
    adapter(gateway, "options", "tries = 5;\nbrisk = true;\nroom = 2048;")
    reload(gateway)
    wait_for(lambda: ask().text.startswith("5 1 good 5000 2048; prepared 2 committed 2 aborted 0"))
    wait_for(lambda: ask().text.endswith("released 1"))

    # prepare() that fails: the old configuration stays whole.
    for mood, words in (("bad", ("does not like it",)), ("silent", ("does not say why",)), ("two-faced", ("does not like it",))):
        adapter(gateway, "options", f'tries = 6;\nmood = "{mood}";')
        reload(gateway)
        red(gateway, *words)
        assert ask().text.startswith("5 1 good 5000 2048; ")
        adapter(gateway, "options", "tries = 5;\nbrisk = true;\nroom = 2048;")
        reload(gateway)
        wait_for(lambda: not [line for line in gateway.client("operator").status().red if line.reason == "reload-refused"])
    assert "aborted 1 " in ask().text, "the two-faced one was prepared, and taken back"

    # Another fault elsewhere: what was prepared is aborted.
    good = (gateway.conf / "peers/suzhou.conf").read_text()
    (gateway.conf / "peers/suzhou.conf").write_text(good.replace('"Probe/*"', '"Probe/Nothing"'))
    reload(gateway)
    red(gateway, "no such method")
    assert "aborted 2 " in ask().text
    (gateway.conf / "peers/suzhou.conf").write_text(good)

    # Shared objects are loaded at start, and then no more.
    other = gateway.folder / "options.so"
    shutil.copy(BROKEN / "options.so", other)
    adapter(gateway, "options", file=other)
    reload(gateway)
    red(gateway, "another shared object: restart needed")
    adapter(gateway, "options")
    conf = adapter(gateway, "old_version")
    reload(gateway)
    red(gateway, "a new adapter: restart needed")
    conf.unlink()
    (gateway.conf / "adapters/options.conf").unlink()
    reload(gateway)
    red(gateway, "options.conf is gone", "restart needed")
    assert ask().text.startswith("5 1 good")
    adapter(gateway, "options")
    reload(gateway)
    wait_for(lambda: ask().text.startswith("3 0 good"))
    assert gateway.stop() == 0


def told_digest(text, name):
    """What a CONFIG entry says of a file; a digest that reads like a telephone number is written in groups."""
    return [line.split(" ")[0].replace("-", "") for line in text.split(";") if line.endswith(" " + name)]


def test_the_log_says_which_file_was_loaded(stopped_gateway):
    adapter(stopped_gateway, "options")
    stopped_gateway.start()
    adapter(stopped_gateway, "options", "tries = 7;")
    reload(stopped_gateway)
    wait_for(lambda: "reloaded: " in stopped_gateway.text())
    assert stopped_gateway.stop() == 0
    stopped_gateway.start()
    wanted = {name: subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout[:64]
              for name, file in (("adapters/options.so", BROKEN / "options.so"), ("adapters/options.conf", stopped_gateway.conf / "adapters/options.conf"))}
    stopped_gateway.published(3)

    def told(name):
        return [e.event_text for e in stopped_gateway.entries() if wanted[name] in told_digest(e.event_text, name)]
    wait_for(lambda: len(told("adapters/options.so")) == 3)  # at each start, and at the reload
    assert len(told("adapters/options.conf")) == 2, "the first start had another"


def test_the_tool_checks_adapters_too(stopped_gateway):
    adapter(stopped_gateway, "options", 'mood = "bad";')
    done = subprocess.run([TOOL, "conf", "check", stopped_gateway.file], capture_output=True, text=True, timeout=60 * SLOWNESS)
    assert done.returncode == 1 and "does not like it" in done.stderr, done
    adapter(stopped_gateway, "options")
    done = subprocess.run([TOOL, "conf", "check", stopped_gateway.file], capture_output=True, text=True, timeout=60 * SLOWNESS)
    assert done.returncode == 0, done


def test_without_a_grant_nothing_is_allowed(stopped_gateway):
    adapter(stopped_gateway, "options")
    stopped_gateway.start()
    told = refusal(lambda: probe(stopped_gateway).Ask())
    assert told.code == grpc.StatusCode.PERMISSION_DENIED
