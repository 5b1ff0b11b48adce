"""adapters/README.md is followed to the letter, in a folder outside the build tree: what it writes is written, what it runs is run,
what it promises is looked for. Then the adapter is called by reflection, as a stranger's client would."""
import os
import pathlib
import re
import shutil
import subprocess

import grpc
from lib import reflected
from lib.client import refusal
from lib.gateway import REPORT
from lib.paths import BUILD, ROOT, SLOWNESS

README = (ROOT / "adapters/README.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)


class Shell:
    """One bash for all blocks; a failing command ends it."""

    def __init__(self, folder, gateway):
        env = dict(os.environ, PATH=f"{BUILD / 'bin'}:/usr/bin:{os.environ['PATH']}", GATEWAY=str(gateway.folder), BUILD=str(BUILD), LC_ALL="C.UTF-8")
        self.log = folder.parent / "shell.log"
        self.process = subprocess.Popen(["bash", "-euo", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.log, "ab"),
                                        cwd=folder, env=env, text=True)
        self.run("trap 'kill $(jobs -p) 2>/dev/null' EXIT")

    def run(self, text):
        """Its output; the daemon it starts lives on."""
        self.process.stdin.write(f"{text}\necho @@done\n")
        self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:
            if line == "@@done\n":
                return said
            said += line
        raise AssertionError(f"{text}\n{said}\n{self.log.read_text()[-4000:]}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60 * SLOWNESS)
        self.process.stdout.close()


def test_an_adapter_written_from_the_readme_alone(stopped_gateway, tmp_path):
    gateway = stopped_gateway
    folder = tmp_path / "mine"
    folder.mkdir()
    shell = Shell(folder, gateway)
    said = []
    pid = gateway.folder / "pid"
    try:
        blocks = BLOCK.findall(README)
        assert [kind for kind, _, _ in blocks].count("sh") >= 7
        for kind, name, text in blocks[:-1]:
            if name:
                (folder / name).write_text(text)
            else:
                assert kind == "sh"
                said.append(shell.run(text))
        told = "".join(said)
        assert "open 9:00-17:00\nNOT_FOUND there is no such window\n" in told
        assert re.search(r"open 9:00-18:30\nreload refused: .*windows\.conf: hours: expected from-to.*\nopen 9:00-18:30\n$", told, re.S), told
        assert f"adapter windows loaded from {folder}/windows.so" in told
        assert not any(str(ROOT) in line for line in (folder / "windows.c").read_text().split("\n"))

        client = gateway.client("suzhou")
        assert "shaoxing.windows.v1.Windows" in reflected.services(client)
        windows = reflected.Service(client, "shaoxing.windows.v1.Windows")
        assert windows.Hours(window="tax").hours == "9:00-18:30"
        refused = refusal(lambda: windows.Hours(window="其他"))
        assert refused.code == grpc.StatusCode.NOT_FOUND and refused.reason == "windows-unknown"
        assert refused.texts["zh-CN"] == "没有这个窗口" and refused.violations[0].field == "window"
        assert refusal(lambda: reflected.Service(gateway.client("province"), "shaoxing.windows.v1.Windows").Hours(window="tax")).code == \
            grpc.StatusCode.PERMISSION_DENIED
        gateway.drop_clients()
        shell.run(blocks[-1][2])
        assert not pid.exists()
    finally:
        if pid.exists():
            os.kill(int(pid.read_text()), 15)
        shell.close()
    assert not REPORT.search(shell.log.read_bytes()), shell.log.read_text()[-4000:]
    assert not REPORT.search(gateway.text().encode())
    methods = [(e.method, e.reason) for e in gateway.entries() if e.method.startswith("Windows/")]
    assert methods.count(("Windows/Hours", "ok")) == 4 and methods.count(("Windows/Hours", "windows-unknown")) == 2, methods


def test_the_example_is_built_by_the_same_commands(stopped_gateway, tmp_path):
    """adapters/example/ as a stranger's, by the README's own commands with other names."""
    gateway = stopped_gateway
    for file in ("areas.proto", "example.c"):
        shutil.copy(ROOT / "adapters/example" / file, tmp_path)
    (tmp_path / "example.c").write_text((tmp_path / "example.c").read_text().replace('"gw_adapter.h"', "<xinqiao/gw_adapter.h>"))
    commands = [text for kind, name, text in BLOCK.findall(README) if kind == "sh"][:3]
    assert "gcc " in commands[2] and "protoc-c " in commands[1]
    script = "".join(commands).replace("windows.c", "example.c").replace("windows.so", "example.so").replace("windows", "areas")
    script = script.replace("example.c areas.pb-c.c", "example.c areas.pb-c.c").replace("areas.c ", "example.c ")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=dict(os.environ, BUILD=str(BUILD)), check=True, capture_output=True)
    conf = gateway.conf / "adapters"
    conf.mkdir(exist_ok=True)
    (conf / "example.conf").write_text(f'file = "{tmp_path}/example.so";\noptions = {{ whole_path = true; }};\n')
    peer = gateway.conf / "peers/suzhou.conf"
    peer.write_text(peer.read_text().replace("grants = (", 'grants = (\n  { method = "Areas/Find"; },', 1))
    gateway.start()
    areas = reflected.Service(gateway.client("suzhou"), "xinqiao.example.v1.Areas")
    assert areas.Find(code="330602").name == "浙江省绍兴市越城区"
    assert areas.Find(code="330600").name == "浙江省绍兴市"
    for code in ("", "3306", "330699", "x" * 1000):
        assert refusal(lambda: areas.Find(code=code)).reason == "example-area-unknown"


def test_the_readme_names_every_operation():
    header = (ROOT / "gateway/abi/gw_adapter.h").read_text()
    host = header[header.index("struct gw_adapter_host {"):]
    host = host[:host.index("\n};")]
    operations = re.findall(r"\(\*(\w+)\)\(\s*(?:struct gw_adapter_call \*|const struct gw_adapter_(?:config|node) \*)", host)
    assert len(operations) > 50
    lent = README[README.index("## What the host lends"):README.index("## What an adapter publishes")]
    assert [o for o in operations if f"`{o}`" not in lent] == []
    assert pathlib.Path(ROOT / "adapters/example/example.c").exists()
