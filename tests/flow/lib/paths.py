"""Where things are. XINQIAO_BUILD picks the build whose binaries are tested."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("XINQIAO_BUILD", ROOT / "build/dev"))
DAEMON = BUILD / "bin/xinqiaod"
TOOL = BUILD / "bin/xinqiao"
DATA = ROOT / "tests/data"
NODE_MODULES = ROOT / "build/node/node_modules"
# Sanitizer builds are slower: waits are longer there.
SLOWNESS = 6 if BUILD.name == "tsan" else 3 if BUILD.name == "asan" else 1
