"""The xinqiao tool against a running gateway: push, pull, log, status, conf check."""
import json
import os
import re
import subprocess

from lib import data
from lib.paths import TOOL


def who(gateway, name):
    return ("--as", gateway.pki / name)


def test_help_in_both_languages(stopped_gateway):
    for command in ([], ["translate"], ["push"], ["pull"], ["log", "search"], ["log", "show"], ["log", "verify"], ["conf", "check"],
                    ["status"], ["sheet", "verify"]):
        zh = stopped_gateway.tool(*command, "--help").stdout
        en = stopped_gateway.tool(*command, "--help", "--lang", "en").stdout
        assert re.search(r"[\u4e00-\u9fff]", zh), command
        assert zh != en and "usage" in en.lower(), command
    assert stopped_gateway.tool("pussh", ok=(2,)).returncode == 2


def test_usage(stopped_gateway, tmp_path):
    tool = stopped_gateway.tool
    for group, commands in (("log", 3), ("sheet", 1), ("conf", 1)):
        shown = tool(group, "--help", "--lang", "en").stdout
        assert shown.count(f"\n  {group} ") == commands, shown
        tool(group, ok=(2,))
    for words in (("--lang", "en", "log", "search", "--help"), ("log", "--lang", "en", "search", "--help"), ("log", "search", "--help", "--lang=en")):
        assert "usage:" in tool(*words).stdout
    tool("--lang", "fr", "--help", ok=(2,))
    tool("status", "--lang", ok=(2,))
    assert "XINQIAO_LANG" in tool("--help", env={"XINQIAO_LANG": "fr"}, ok=(2,)).stderr
    assert "usage:" in tool("--help", env={"XINQIAO_LANG": "en_GB.UTF-8"}).stdout
    (tmp_path / "pki").mkdir()
    done = tool("status", "--as", tmp_path / "pki/operator", "--lang", "en", ok=(2,))
    assert "address" in done.stderr and "--connect HOST:PORT" in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly(gateway):
    gateway.published(1)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([str(TOOL), "log", "search", str(gateway.log_dir)], stdout=write, stderr=subprocess.PIPE, timeout=60, restore_signals=True)
    os.close(write)
    assert done.stderr == b""


def test_push_a_batch_and_its_sheet_and_feedback(gateway, tmp_path):
    package = data.package_path(data.NATIONAL_ORG, "batch-40.xml")
    done = gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, "--batch", "--out", tmp_path, "--json",
                        ok=(3,), cwd=tmp_path)
    shown = json.loads(done.stdout.strip().split("\n")[-1])
    assert (shown["new"], shown["refused"]) == (32, 8), shown
    sheets = [f for f in tmp_path.rglob("*") if "sheet" in f.name]
    assert sheets, [f.name for f in tmp_path.rglob("*")]
    gateway.tool("sheet", "verify", sheets[0], "--vkey", gateway.vkey())
    raw = bytearray(sheets[0].read_bytes())
    raw[len(raw) // 2] ^= 1
    sheets[0].write_bytes(raw)
    gateway.tool("sheet", "verify", sheets[0], "--vkey", gateway.vkey(), ok=(1, 2))


def test_a_dry_run_stores_nothing(gateway, tmp_path):
    package = data.package_path(data.NATIONAL_ORG, "batch-40.xml")
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, "--dry-run", ok=(0, 3), cwd=tmp_path)
    assert gateway.client("operator").status().store.records == 0


def test_push_again_is_all_repeated(gateway, tmp_path):
    package = data.package_path(data.NATIONAL_ORG)
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, cwd=tmp_path)
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, cwd=tmp_path)
    assert gateway.client("operator").status().store.records == len(data.rows(data.NATIONAL_ORG))


def test_pull_to_files(gateway, tmp_path):
    package = data.package_path(data.NATIONAL_ORG)
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, cwd=tmp_path)
    out = tmp_path / "suzhou"
    gateway.tool("pull", *who(gateway, "suzhou"), "--format", data.SUZHOU, "--out", out, "--purpose", "record-sharing", cwd=tmp_path)
    text = "".join(f.read_text() for f in sorted(out.rglob("*.json"))) if out.is_dir() else out.read_text()
    wanted = [r["document_no"] for r in data.rows(data.NATIONAL_ORG) if r["class"] == "organisation"]
    assert all(w in text for w in wanted)
    before = text
    gateway.tool("pull", *who(gateway, "suzhou"), "--format", data.SUZHOU, "--out", out, "--purpose", "record-sharing", cwd=tmp_path)
    text = "".join(f.read_text() for f in sorted(out.rglob("*.json"))) if out.is_dir() else out.read_text()
    assert text.count("ADM_COUNTERPART_CAT") == before.count("ADM_COUNTERPART_CAT")


def test_a_pull_says_what_the_format_can_not_express(gateway, tmp_path):
    gateway.tool("push", *who(gateway, "province"), data.package_path(data.NATIONAL_ORG), "--format", data.NATIONAL_ORG, cwd=tmp_path)
    common = (*who(gateway, "province"), "--purpose", "record-sharing", "--lang", "en")
    done = gateway.tool("pull", *common, "--format", "national.penalty.person@2018", "--out", tmp_path / "persons", ok=(3,))
    assert "xinqiao translate" in done.stdout and "{" not in done.stdout and "…" not in done.stdout and "it" != done.stdout, done.stdout
    done = gateway.tool("pull", *common, "--format", data.NATIONAL_ORG, "--out", tmp_path / "one.xml", "--max", "1")
    assert "1 record in the file" in done.stdout
    done = gateway.tool("pull", *common, "--format", data.NATIONAL_ORG, "--out", tmp_path / "none", "--per-file", "0", ok=(2,))
    assert "--per-file" in done.stderr
    gateway.tool("pull", *who(gateway, "province"), "--format", data.NATIONAL_ORG, "--out", tmp_path / "none", ok=(6,))  # no purpose
    gateway.tool("push", *who(gateway, "suzhou"), data.package_path(data.NATIONAL_ORG), "--format", data.NATIONAL_ORG, ok=(6,), cwd=tmp_path)


def test_the_log_can_be_searched_and_read(gateway, tmp_path):
    package = data.package_path(data.NATIONAL_ORG, "batch-40.xml")
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, ok=(3,), cwd=tmp_path)
    gateway.published(gateway.client("operator").status().log.entries)
    found = gateway.tool("log", "search", gateway.log_dir, "--peer", "province").stdout
    assert found.count("\n") >= 1
    entry = next(e.seq for e in gateway.entries() if e.kind == 2)
    zh = gateway.tool("log", "show", gateway.log_dir, entry).stdout
    en = gateway.tool("log", "show", gateway.log_dir, entry, "--lang", "en").stdout
    assert re.search(r"[\u4e00-\u9fff]{4}", zh) and zh != en


def test_a_search_says_what_it_can_not_see(gateway, tmp_path):
    """A push of more than 16 subjects leaves one root in the log: no search by subject finds it, and none may call that nothing."""
    gateway.tool("push", *who(gateway, "province"), data.package_path(data.NATIONAL_ORG, "batch-40.xml"), "--format", data.NATIONAL_ORG, ok=(3,),
                 cwd=tmp_path)
    gateway.published(gateway.client("operator").status().log.entries)
    search = ("log", "search", gateway.log_dir, "--lang", "en")
    by_subject = (*search, "--subject", "CN-USCC:91330000123456789X", "--keys", gateway.keys)
    hidden = [e for e in gateway.entries() if e.kind == 2 and getattr(e, "subject_root", None)]
    assert hidden
    done = gateway.tool(*by_subject, ok=(3,))
    assert "more than 16 subjects" in done.stderr and "Nothing fits" not in done.stdout
    shown = gateway.tool(*by_subject, "--json", ok=(3,)).stdout.strip().split("\n")
    assert json.loads(shown[-1]) == {"not_searchable": len(hidden), "why": "subject_root"}
    gateway.tool(*by_subject, "--peer", "suzhou", ok=(1,))
    done = gateway.tool(*search, "--refused", "--decision", "allow", "--json")
    assert all(json.loads(line)["refused_count"] > 0 for line in done.stdout.strip().split("\n"))
    gateway.tool(*search, "--refused", "--peer", "operator", ok=(1,))


def test_sentences_read_well(gateway, tmp_path):
    """Reasons in counts and in the log, where the field or the item is not known, leave no hole in the sentence."""
    package = data.package_path(data.NATIONAL_ORG)
    gateway.tool("push", *who(gateway, "province"), package, "--format", data.NATIONAL_ORG, cwd=tmp_path)
    gateway.tool("push", *who(gateway, "suzhou"), package, "--format", data.NATIONAL_ORG, cwd=tmp_path, ok=(6,))
    suzhou = (*who(gateway, "suzhou"), "--format", data.SUZHOU)
    gateway.tool("pull", *suzhou, "--out", tmp_path / "no", "--purpose", "tendering", ok=(6,))
    for lang in ("zh", "en"):
        shown = gateway.tool("pull", *suzhou, "--out", tmp_path / lang, "--purpose", "record-sharing", "--lang", lang, ok=(0, 3)).stdout
        assert not re.search(r"[{}…]|该项|\b1 files|\b1 records", shown), shown
        assert {"zh": "记录的主体类别不在授权内", "en": "subject class of the record is not granted"}[lang] in shown, shown
    gateway.published(gateway.client("operator").status().log.entries)
    shown = gateway.tool("log", "search", gateway.log_dir, "--lang", "en").stdout
    assert "refused, your grant does not cover RecordExchange/Push" in shown, shown
    assert "does not allow the purpose tendering" in shown, shown
    assert not re.search(r"end of the call:|, [A-Z][a-z]+ grant|\b1 records", shown), shown


def test_status_and_conf_check(gateway):
    assert re.search(r"[\u4e00-\u9fff]", gateway.tool("status", *who(gateway, "operator")).stdout)
    assert json.loads(gateway.tool("status", *who(gateway, "operator"), "--json").stdout)
    gateway.tool("conf", "check", gateway.file)
    gateway.tool("status", *who(gateway, "suzhou"), ok=(6,))
    gateway.file.write_text(gateway.file.read_text() + "\nnonsense = 1;\n")
    done = gateway.tool("conf", "check", gateway.file, ok=(1, 2, 78))
    assert "nonsense" in done.stdout + done.stderr
