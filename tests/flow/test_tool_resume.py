"""The tool keeps going: cut connections, kills in the middle of a push or pull, --until, --resend."""
import datetime
import hashlib
import json
import re
import subprocess
import time
import uuid

import pytest
from lib import data
from lib.paths import TOOL
from lib.proxy import CuttingProxy


def write_package(path, records, fmt=data.NATIONAL_ORG):
    """A package of the national format around these records."""
    template = data.package(fmt).decode()
    head, _, rest = template.partition("<record>")
    tail = rest[rest.rindex("</record>") + len("</record>"):]
    digest = hashlib.sha256(b"".join(records)).hexdigest()
    head = re.sub(r"<count>\d+</count>", f"<count>{len(records)}</count>", head)
    head = re.sub(r"<digest>[0-9a-f]+</digest>", f"<digest>{digest}</digest>", head)
    path.write_bytes(head.encode() + b"\n".join(records) + tail.encode())
    return path


def last_json(text):
    return json.loads(text.strip().split("\n")[-1])


def pulled(folder):
    found = []
    for file in sorted(folder.glob("national*.xml")):
        found += re.findall(rb"<record>.*?</record>", file.read_bytes(), re.S)
    return found


def test_a_batch_over_a_connection_that_is_cut(gateway, tmp_path):
    records = data.bulk(2000)
    package = write_package(tmp_path / "p.xml", records)
    size = sum(map(len, records))
    proxy = CuttingProxy(("127.0.0.1", gateway.port), 4, seed=3, low=size // 12, high=size // 6)
    done = gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--batch", "--as", gateway.pki / "province", "--connect",
                        f"127.0.0.1:{proxy.port}", "--json")
    assert proxy.made == 4
    proxy.stop()
    shown = last_json(done.stdout)
    assert (shown["new"], shown["duplicate"], shown["refused"], shown["closed"]) == (2000, 0, 0, True)
    assert gateway.client("operator").status().store.records == 2000
    assert not list(tmp_path.glob("*.xinqiao-batch"))


def test_a_push_and_a_pull_that_are_killed_go_on(gateway, tmp_path):
    records = data.bulk(4000)
    package = write_package(tmp_path / "p.xml", records)
    push = [TOOL, "push", package, "--format", data.NATIONAL_ORG, "--batch", "--as", gateway.pki / "province", "--json"]
    kills = 0
    for wait in (0.25, 0.4, 0.6):
        process = subprocess.Popen(list(map(str, push)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    done = subprocess.run(list(map(str, push)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    if last_json(done.stdout)["duplicate"] == 0:
        assert last_json(done.stdout)["new"] == 4000
    assert gateway.client("operator").status().store.records == 4000

    out = tmp_path / "out"
    pull = [TOOL, "pull", "--format", data.NATIONAL_ORG, "--out", out, "--per-file", "300", "--as", gateway.pki / "province", "--purpose",
            "record-sharing"]
    for wait in (0.1, 0.2, 0.3, 0.4):
        process = subprocess.Popen(list(map(str, pull)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
    subprocess.run(list(map(str, pull)), check=True, timeout=120, stdout=subprocess.DEVNULL)
    assert sorted(pulled(out)) == sorted(records)
    assert not (out / ".part").exists()


def test_a_pull_over_a_connection_that_is_cut(gateway, tmp_path):
    records = data.bulk(1500)
    gateway.tool("push", write_package(tmp_path / "p.xml", records), "--format", data.NATIONAL_ORG, "--as", gateway.pki / "province")
    size = sum(map(len, records))
    proxy = CuttingProxy(("127.0.0.1", gateway.port), 3, seed=5, low=size // 10, high=size // 5)
    done = gateway.tool("pull", "--format", data.NATIONAL_ORG, "--out", tmp_path / "out", "--as", gateway.pki / "province", "--connect",
                        f"127.0.0.1:{proxy.port}", "--purpose", "record-sharing", "--json")
    assert proxy.made == 3 and last_json(done.stdout)["delivered"] == 1500
    proxy.stop()
    assert sorted(pulled(tmp_path / "out")) == sorted(records)


def test_a_pull_in_steps(gateway, tmp_path):
    records = data.bulk(50)
    gateway.tool("push", write_package(tmp_path / "p.xml", records), "--format", data.NATIONAL_ORG, "--as", gateway.pki / "province")
    common = ("--format", data.NATIONAL_ORG, "--as", gateway.pki / "province", "--purpose", "record-sharing")
    for expected in (20, 20, 10, 0):
        done = gateway.tool("pull", *common, "--out", tmp_path / "out", "--max", "20", "--json")
        assert last_json(done.stdout)["delivered"] == expected
    assert sorted(pulled(tmp_path / "out")) == sorted(records)
    # another format wants its own cursor
    gateway.tool("pull", "--format", data.SUZHOU, *common[2:], "--out", tmp_path / "out", ok=(2,))
    # one file: written once, never over another
    gateway.tool("pull", *common, "--out", tmp_path / "all.xml")
    assert len(re.findall(b"<record>", (tmp_path / "all.xml").read_bytes())) == 50
    gateway.tool("pull", *common, "--out", tmp_path / "all.xml", ok=(2,))
    # what was pulled is a package that can be checked
    gateway.tool("push", tmp_path / "all.xml", "--format", data.NATIONAL_ORG, "--dry-run")


def test_until_stops_and_the_next_run_goes_on(gateway, tmp_path):
    package = write_package(tmp_path / "p.xml", data.bulk(300))
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    later = (now + datetime.timedelta(hours=2)).strftime("%H:%M")
    gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--until", "25:00", "--as", gateway.pki / "province", ok=(2,))
    done = gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--batch", "--until", later, "--as", gateway.pki / "province", "--json")
    assert last_json(done.stdout)["new"] == 300


@pytest.mark.slow
def test_until_comes_in_the_middle(gateway, tmp_path, long):
    """The minute ends while rows are on their way: the tool stops, says so, and the batch goes on later."""
    if not long:
        pytest.skip("waits for the end of a minute: with --long")
    records = data.bulk(200_000)
    package = write_package(tmp_path / "p.xml", records)
    zone = datetime.timezone(datetime.timedelta(hours=8))
    now = datetime.datetime.now(zone)
    if now.second < 56:
        time.sleep(56 - now.second)
    until = (datetime.datetime.now(zone) + datetime.timedelta(minutes=1)).strftime("%H:%M")
    push = ("push", package, "--format", data.NATIONAL_ORG, "--batch", "--as", gateway.pki / "province", "--json")
    done = gateway.tool(*push, "--until", until, ok=(4,))
    shown = last_json(done.stdout)
    assert shown["confirmed"] < len(records) and not shown["closed"]
    done = gateway.tool(*push, timeout=300)
    assert last_json(done.stdout)["closed"]
    assert gateway.client("operator").status().store.records == len(records)


def test_refused_rows_are_corrected_and_sent_again(gateway, tmp_path):
    bad = data.records(data.NATIONAL_ORG, "batch-40.xml")
    package = write_package(tmp_path / "p.xml", bad)
    who = ("--format", data.NATIONAL_ORG, "--as", gateway.pki / "province")
    gateway.tool("push", package, *who, "--batch", "--feedback", tmp_path / "back.xml", ok=(3,))
    refused = sorted({int(n) for n in re.findall(r"<row>(\d+)</row>", (tmp_path / "back.xml").read_text())})
    assert refused == sorted(n for n, (outcome, _) in data.expected(data.NATIONAL_ORG).items() if outcome == "refused")
    assert "<status>部分成功</status>" in (tmp_path / "back.xml").read_text()
    good = data.bulk(40, first=777000)
    write_package(package, [good[n] if n + 1 in refused else r for n, r in enumerate(bad)])
    done = gateway.tool("push", package, *who, "--batch", "--resend", tmp_path / "back.xml", "--json")
    shown = last_json(done.stdout)
    assert (shown["declared"], shown["new"]) == (len(refused), len(refused))
    assert gateway.client("operator").status().store.records == 40


def test_rows_corrected_by_hand_are_sent_with_the_printed_command(gateway, tmp_path):
    """Nobody recomputes the header's digest in an editor: --resend does not ask for it. The hint is a command that works."""
    bad = data.records(data.NATIONAL_ORG, "batch-40.xml")
    package = write_package(tmp_path / "p.xml", bad)
    done = gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--as", gateway.pki / "province", "--batch", "--lang", "en", ok=(3,))
    command = re.search(r"when corrected: xinqiao (.*)", done.stdout).group(1).split()
    text = package.read_bytes()
    refused = sorted({r["row"] for r in json.loads((tmp_path / "p.xml.feedback.json").read_text())["rows"]})
    good = data.bulk(40, first=778000)
    for row in refused:
        text = text.replace(bad[row - 1], good[row - 1])
    package.write_bytes(text)
    gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--as", gateway.pki / "province", ok=(1,))  # the digest of the whole
    shown = last_json(gateway.tool(*command, "--json").stdout)
    assert (shown["declared"], shown["new"]) == (len(refused), len(refused))


def test_a_folder_is_no_package(stopped_gateway, tmp_path):
    for raw in ((), ("--raw",)):
        done = stopped_gateway.tool("push", tmp_path, "--format", data.NATIONAL_ORG, "--dry-run", *raw, "--lang", "en", ok=(2,))
        assert "is a folder" in done.stderr


def test_a_batch_whose_file_changed_does_not_go_on(gateway, tmp_path):
    package = write_package(tmp_path / "p.xml", data.bulk(20))
    port, who = gateway.port, ("--format", data.NATIONAL_ORG, "--as", gateway.pki / "province", "--batch")
    own = str(uuid.uuid4())
    # opened, then every connection is cut: the tool waits and tries again until it is killed, the state stays
    proxy = CuttingProxy(("127.0.0.1", port), 1000, seed=1, low=6000, high=6001)
    process = subprocess.Popen(list(map(str, (TOOL, "push", package, *who, own, "--connect", f"127.0.0.1:{proxy.port}"))),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / "p.xml.xinqiao-batch"
    until = time.monotonic() + 10
    while not (state.exists() and proxy.made) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    proxy.stop()
    assert state.exists()
    gateway.tool("push", package, *who, str(uuid.uuid4()), ok=(2,))
    content = package.read_bytes()
    write_package(package, data.bulk(21))
    assert "p.xml.xinqiao-batch" in gateway.tool("push", package, *who, ok=(1,)).stderr
    package.write_bytes(content)
    done = gateway.tool("push", package, *who, "--json")
    assert last_json(done.stdout)["batch"] == own


def test_no_gateway_and_bad_files(stopped_gateway, tmp_path):
    who = ("--as", stopped_gateway.pki / "province", "--connect", "127.0.0.1:1")
    began = time.monotonic()
    stopped_gateway.tool("pull", "--format", data.SUZHOU, "--out", tmp_path / "o", *who, ok=(5,))
    stopped_gateway.tool("status", *who, ok=(5,))
    assert time.monotonic() - began < 5
    stopped_gateway.tool("push", tmp_path / "none.xml", "--format", data.NATIONAL_ORG, *who, ok=(1,))
    stopped_gateway.tool("push", data.package_path(data.NATIONAL_ORG), "--format", "national.penalty.org@2019", "--dry-run", ok=(2,))
    stopped_gateway.tool("pull", "--format", data.SUZHOU, "--out", tmp_path / "o", "--connect", "nowhere", ok=(2,))
    stopped_gateway.tool("log", "verify", tmp_path, "--vkey", tmp_path / "none", ok=(2,))
    stopped_gateway.tool("log", "show", tmp_path, "1", ok=(2,))
    stopped_gateway.tool("sheet", "verify", tmp_path / "none", ok=(2,))


def test_a_sheet_without_a_known_signer_is_not_called_good(gateway, tmp_path):
    package = write_package(tmp_path / "p.xml", data.bulk(5))
    gateway.tool("push", package, "--format", data.NATIONAL_ORG, "--batch", "--as", gateway.pki / "province", "--lang", "en")
    sheet = tmp_path / "p.xml.sheet.txt"
    gateway.tool("sheet", "verify", sheet, ok=(3,))
    gateway.tool("sheet", "verify", sheet, "--vkey", gateway.vkey())
    other = tmp_path / "other"
    other.write_text("somebody+00000000+AAAA\n")
    gateway.tool("sheet", "verify", sheet, "--vkey", other, ok=(1,))
    good = sheet.read_text()
    for before, after in (("declared 5", "declared 6"), ("new 5", "new 4"), ("BEGIN", "BEGINN")):
        assert before in good
        sheet.write_text(good.replace(before, after))
        gateway.tool("sheet", "verify", sheet, "--vkey", gateway.vkey(), ok=(1,))


def test_search_by_subject_needs_the_keys(gateway, tmp_path):
    records = data.records(data.NATIONAL_ORG)
    uscc = re.search(rb"<CF_XDR_SHXYM>(9133\w+)</CF_XDR_SHXYM>", records[0]).group(1).decode()
    gateway.tool("push", data.package_path(data.NATIONAL_ORG), "--format", data.NATIONAL_ORG, "--as", gateway.pki / "province", cwd=tmp_path)
    gateway.published(gateway.client("operator").status().log.entries)
    search = ("log", "search", gateway.log_dir, "--subject", f"CN-USCC:{uscc.lower()}")
    gateway.tool(*search, ok=(2,))
    done = gateway.tool(*search, "--keys", gateway.keys, "--json", ok=(3,))  # one entry of many subjects
    assert uscc not in done.stdout
