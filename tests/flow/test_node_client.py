"""The same gateway through Node's grpc-js: unary, server stream, both directions, deadline, cancel, health, reflection."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from lib import data
from lib.client import items
from lib.paths import NODE_MODULES, ROOT

SCRIPT = pathlib.Path(__file__).parent / "node/client.js"
CHECKS = ("unary", "bidi", "serverStream", "refusal", "deadline", "cancel", "health", "reflection", "manyStreams")


@pytest.fixture(scope="module")
def filled(shared):
    shared.client("province").push(items(data.NATIONAL_ORG, data.records(data.NATIONAL_ORG), prefix="py"))
    return shared


@pytest.mark.parametrize("check", CHECKS)
def test_grpc_js(filled, check):
    assert shutil.which("node"), "node is missing: tests/run says what to install"
    assert NODE_MODULES.is_dir(), "build/node is missing: tests/run makes it (npm ci)"
    environment = dict(os.environ, NODE_PATH=str(NODE_MODULES), XQ_ADDRESS=filled.address, XQ_PKI=str(filled.pki), XQ_PROTO=str(ROOT / "proto"),
                       XQ_RECORDS=json.dumps([r.decode() for r in data.records(data.NATIONAL_ORG)]))
    done = subprocess.run(["node", SCRIPT, check], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
