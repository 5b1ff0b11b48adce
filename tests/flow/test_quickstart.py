"""gateway/quickstart: ends with 0, leaves all under its folder, nothing running."""
import os
import re
import subprocess

import pytest
from lib.paths import BUILD, ROOT


@pytest.mark.slow
@pytest.mark.parametrize("lang", ("zh", "en"))
def test_quickstart(tmp_path, lang):
    folder = tmp_path / "quickstart.d"
    done = subprocess.run([ROOT / "gateway/quickstart", "--dir", folder, "--lang", lang], capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, XINQIAO_BUILD=str(BUILD)), cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert [p.name for p in tmp_path.iterdir()] == ["quickstart.d"]
    assert {"pki", "conf", "keys", "data", "out"} <= {p.name for p in folder.iterdir()}
    assert (folder / "pki/log.vkey").exists()
    pid = folder / "pid"
    assert not pid.exists() or not os.path.exists(f"/proc/{pid.read_text().strip()}")
    assert bool(re.search(r"[\u4e00-\u9fff]{8}", done.stdout)) or lang == "en"
    for word in ("uscc-check", "amount-missing", "date-future", "law-no-basis", "xinqiao log verify", "national-measures-2025.exit",
                 "sanction-list-adds-many", "sanction-list-same-operator", "xinqiao lists pull", "xinqiao check-list", "xinqiao consent revoke"):
        assert word in done.stdout, word
