"""peer add: a counterpart's file that passes the check, a kit that works, and nothing when something is wrong."""
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from lib.paths import ROOT

USCC = "11320500002500025W"
ROLES = ("nation", "province", "peer", "municipal", "department", "institution", "auditor", "operator")


def add(gateway, folder, name="wuxi", role="peer", zh="无锡市公共信用信息平台", en="Wuxi platform", uscc=USCC, *more, ok=(0,)):
    return gateway.tool("peer", "add", name, "-c", gateway.file, "--role", role, "--title-zh", zh, "--title-en", en, "--uscc", uscc,
                        "--endpoint", "localhost:8443", *more, ok=ok, cwd=folder)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_a_file_that_passes(stopped_gateway, tmp_path, role):
    add(stopped_gateway, tmp_path, role=role)
    text = (stopped_gateway.conf / "peers/wuxi.conf").read_text()
    assert f'role = "{role}"' in text and "person" not in re.sub("//.*", "", text)
    stopped_gateway.tool("conf", "check", stopped_gateway.file)
    kit = tmp_path / "wuxi-kit"
    assert {f.name for f in kit.iterdir()} == {"README.zh-CN.md", "client.conf", "ca.pem", "errors.zh.md", "wuxi-key.pem", "wuxi.csr.pem"}
    assert stat.S_IMODE((kit / "wuxi-key.pem").stat().st_mode) == 0o600
    readme = (kit / "README.zh-CN.md").read_text()
    assert readme.count("\n    grpcurl ") + readme.count("\n    xinqiao ") == 3, readme


def test_the_kit_works(gateway, tmp_path):
    """The request is signed as the test CA signs, the gateway loads the file, and the kit's client.conf connects."""
    gateway.tool("peer", "add", "wuxi", "-c", gateway.file, "--role", "peer", "--title-zh", "无锡", "--title-en", "Wuxi", "--uscc", USCC,
                 "--endpoint", gateway.address, cwd=tmp_path)
    kit = tmp_path / "wuxi-kit"
    ca = ("-CA", gateway.pki / "ca.pem", "-CAkey", gateway.pki / "ca-key.pem", "-days", "9", "-copy_extensions", "copy")
    (tmp_path / "ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
    subprocess.run(["openssl", "x509", "-req", "-in", kit / "wuxi.csr.pem", *ca, "-extfile", tmp_path / "ext", "-out", kit / "wuxi.pem"], check=True,
                   capture_output=True)
    pull = ("pull", "--format", "suzhou.penalty@1", "--out", tmp_path / "out", "--purpose", "record-sharing", "--config", kit / "client.conf")
    refused = gateway.tool(*pull, ok=(5,))
    assert "peer-unknown" in refused.stderr
    gateway.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 20
    while gateway.tool(*pull, ok=(0, 5)).returncode != 0:
        assert time.monotonic() < until
        time.sleep(0.1)
    denied = gateway.tool("push", ROOT / "tests/data/formats/national.penalty.org@2018/package.xml", "--format", "national.penalty.org@2018",
                          "--config", kit / "client.conf", ok=(6,), cwd=tmp_path)
    code = re.search(r"PERMISSION_DENIED ([a-z-]+)", denied.stderr).group(1)
    table = (kit / "errors.zh.md").read_text()
    assert f"| `{code}` |" in table and "| `sanction-list-same-operator` |" in table and "| `peer-unknown` |" in table


def test_what_is_wrong_leaves_nothing(stopped_gateway, tmp_path):
    before = sorted(os.listdir(stopped_gateway.conf / "peers"))
    for wrong in ({"name": "Wu Xi"}, {"name": "../wuxi"}, {"role": "king"}, {"zh": '无"锡'}, {"zh": ""}, {"en": "x" * 65}, {"uscc": USCC[:-1] + "X"}):
        add(stopped_gateway, tmp_path, **wrong, ok=(2,))
    add(stopped_gateway, tmp_path, "wuxi", "peer", "无锡", "Wuxi", USCC, "--areas", "3306;drop", ok=(2,))
    add(stopped_gateway, tmp_path, "wuxi", "peer", "无锡", "Wuxi", USCC, "--areas", "330", ok=(1,))  # the daemon's check finds it
    add(stopped_gateway, tmp_path, "wuxi", "peer", "无锡", "Wuxi", USCC, "--ca", tmp_path / "none.pem", ok=(1,))
    shutil.rmtree(tmp_path / "wuxi-kit")
    add(stopped_gateway, tmp_path, "suzhou", ok=(2,))  # is there already
    stopped_gateway.tool("peer", "add", "wuxi", "-c", stopped_gateway.file, "--role", "peer", ok=(2,), cwd=tmp_path, stdin=subprocess.DEVNULL)
    stopped_gateway.tool("peer", "add", ok=(2,))
    port_0 = stopped_gateway.tool("peer", "add", "wuxi", "-c", stopped_gateway.file, "--role", "peer", "--title-zh", "无锡", "--title-en", "Wuxi",
                                  "--uscc", USCC, ok=(2,), cwd=tmp_path)
    assert "--endpoint" in port_0.stderr
    assert sorted(os.listdir(stopped_gateway.conf / "peers")) == before and not (tmp_path / "wuxi-kit").exists()
    with open(stopped_gateway.file, "a") as conf:
        conf.write("nonsense = 1;\n")
    done = add(stopped_gateway, tmp_path, ok=(1,))
    assert "nonsense" in done.stderr and sorted(os.listdir(stopped_gateway.conf / "peers")) == before


def test_their_own_key(stopped_gateway, tmp_path):
    add(stopped_gateway, tmp_path, "wuxi", "peer", "无锡", "Wuxi", USCC, "--no-key")
    kit = tmp_path / "wuxi-kit"
    assert not list(kit.glob("*key*")) and not list(kit.glob("*.csr*"))
    command = re.search(r"openssl req.*?csr\.pem\n", (kit / "README.zh-CN.md").read_text(), re.S).group()
    subprocess.run(["sh", "-c", command], check=True, cwd=kit, capture_output=True)
    shown = subprocess.run(["openssl", "req", "-in", kit / "wuxi.csr.pem", "-noout", "-text"], check=True, capture_output=True, text=True).stdout
    assert "URI:xinqiao://peer/wuxi" in shown
