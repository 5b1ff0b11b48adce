"""One xinqiaod of a test: its folder, start, stop, kill, and what it left behind."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import grpc

from . import protos
from .client import Client
from .paths import BUILD, DAEMON, ROOT, SLOWNESS, TOOL

REPORT = re.compile(rb"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|runtime error:|bug: ")


class Gateway:
    def __init__(self, folder, pki):
        self.folder = pathlib.Path(folder)
        self.pki = self.folder / "pki"
        self.conf = self.folder / "conf"
        self.data = self.folder / "data"
        self.log_dir = self.data / "log"
        self.keys = self.folder / "keys"
        self.out = self.folder / "out"
        self.stderr = self.folder / "stderr.log"
        self.process = None
        self.expect_exit = 0
        self.clients = []
        self.out.mkdir(parents=True)
        shutil.copytree(pki, self.pki)
        shutil.copytree(ROOT / "conf", self.conf)
        self.set(listen__address="127.0.0.1:0", adapters_lib=str(BUILD / "adapters"))
        if SLOWNESS > 1:  # what a sanitizer makes slow is no fault of an adapter
            self.set(limits__adapter_loop_budget=f"{50 * SLOWNESS}ms")

    # ---- configuration
    @property
    def file(self):
        return self.conf / "gateway.conf"

    def set(self, **options):
        """Sets `name = value;` where the option stands; name may be group__name. Text is quoted."""
        text = self.file.read_text()
        for name, value in options.items():
            shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
            group, _, leaf = name.rpartition("__")
            text = set_option(text, group, leaf, shown)
        self.file.write_text(text)

    # ---- life
    def start(self, wait=True, env=None):
        assert self.process is None
        for stale in ("address", "pid"):
            (self.folder / stale).unlink(missing_ok=True)
        full = dict(os.environ, **(env or {}))
        full.setdefault("ASAN_OPTIONS", "detect_leaks=1:halt_on_error=1:exitcode=99")
        full.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        full.setdefault("TSAN_OPTIONS", f"halt_on_error=1:exitcode=99:suppressions={ROOT}/tests/tsan.supp")
        self.process = subprocess.Popen([str(DAEMON), "-c", str(self.file)], stdout=subprocess.DEVNULL, stderr=open(self.stderr, "ab"),
                                        cwd=self.folder, env=full)
        if wait:
            self.wait_ready()
        return self

    def bound(self):
        file = self.folder / "address"
        return file.read_text().strip() if file.exists() else ""

    @property
    def port(self):
        return int(self.bound().rsplit(":", 1)[1])

    @property
    def address(self):
        return f"localhost:{self.port}"

    def wait_ready(self, seconds=20):
        until = time.monotonic() + seconds * SLOWNESS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"xinqiaod ended with {self.process.returncode}:\n{self.tail()}")
            if self.bound():
                with Client(self.address, self.pki, "operator") as client:
                    try:
                        if client.health.Check(protos.HealthCheckRequest(), timeout=5).status == 1:
                            return
                    except grpc.RpcError:
                        pass
            time.sleep(0.02)
        raise AssertionError(f"xinqiaod is not ready after {seconds} s:\n{self.tail()}")

    def client(self, name, **more):
        made = Client(more.pop("address", self.address), self.pki, name, **more)
        self.clients.append(made)
        return made

    def drop_clients(self):
        for client in self.clients:
            client.close()
        self.clients.clear()

    def stop(self, seconds=20):
        """SIGTERM; answers the exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            self.process = None
            raise AssertionError(f"xinqiaod did not end {seconds} s after SIGTERM:\n{self.tail()}") from None
        self.process = None
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def check_clean(self):
        """At the end of a test: no sanitizer report, no bug line, exit status as expected."""
        self.drop_clients()
        if self.process is not None and self.process.poll() is None:
            status = self.stop()
        else:
            status = self.process.returncode if self.process else self.expect_exit
            self.process = None
        found = REPORT.search(self.text().encode())
        assert not found, f"the daemon reported {found.group().decode()}:\n{self.tail(120)}"
        assert status == self.expect_exit, f"xinqiaod ended with {status}:\n{self.tail()}"

    # ---- what it left
    def tail(self, lines=40):
        text = self.text()
        return "\n".join(text.split("\n")[-lines:])

    def text_logs(self):
        return [f for f in (self.stderr, *self.out.rglob("*")) if f.is_file()]

    def text(self):
        return "".join(f.read_text(errors="replace") for f in self.text_logs())

    def shard(self):
        shards = [p for p in self.log_dir.rglob("checkpoint") if "witness" not in p.parts]
        return shards[0].parent if shards else self.log_dir

    def vkey(self):
        """The file with the log's verifier key; made from Status while the gateway runs."""
        file = self.pki / "log.vkey"
        if not file.exists():
            file.write_text(self.client("operator").status().log.vkey + "\n")
        return file

    def published(self, entries, seconds=15):
        """Waits until a checkpoint covers `entries`."""
        until = time.monotonic() + seconds * SLOWNESS
        while time.monotonic() < until:
            file = self.shard() / "checkpoint"
            if file.exists() and int(file.read_text().split("\n")[1]) >= entries:
                return
            time.sleep(0.05)
        raise AssertionError(f"no checkpoint of {entries} entries after {seconds} s")

    def entries(self):
        """All published entries, parsed."""
        shard = self.shard()
        size = int((shard / "checkpoint").read_text().split("\n")[1])
        found = []
        for n in range((size + 255) // 256):
            width = min(256, size - n * 256)
            name = f"{n % 1000:03d}"
            rest = n // 1000
            while rest:
                name = f"x{rest % 1000:03d}/{name}"
                rest //= 1000
            path = shard / "tile/entries" / (name if width == 256 else f"{name}.p/{width}")
            data, at = path.read_bytes(), 0
            while at < len(data):
                length = int.from_bytes(data[at:at + 2], "big")
                found.append(protos.Entry.FromString(data[at + 2:at + 2 + length]))
                at += 2 + length
        assert len(found) == size
        return found

    # ---- the tool
    def tool(self, *arguments, ok=(0,), env=None, timeout=120, **more):
        done = subprocess.run([str(TOOL), *map(str, arguments)], capture_output=True, text=True, timeout=timeout * SLOWNESS,
                              env=dict(os.environ, **(env or {})), **more)
        assert not REPORT.search(done.stderr.encode()), done.stderr[-4000:]
        assert done.returncode in ok, f"xinqiao {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done


def set_option(text, group, leaf, shown):
    """Replaces `leaf = ...;` inside `group : { ... }` (or at the top), or adds it there."""
    line = re.compile(rf"^([ \t]*){re.escape(leaf)}[ \t]*[=:][^;\n]*;", re.M)
    start, end = 0, len(text)
    if group:
        found = re.search(rf"^[ \t]*{re.escape(group)}[ \t]*[:=][ \t]*\n?[ \t]*\{{", text, re.M)
        if not found:
            return text + f"\n{group} : {{\n  {leaf} = {shown};\n}};\n"
        start, depth = found.end(), 1
        end = start
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        end -= 1
    body = text[start:end]
    if line.search(body):
        body = line.sub(rf"\g<1>{leaf} = {shown};", body, count=1)
    else:
        body = f"\n  {leaf} = {shown};" + body if group else body + f"\n{leaf} = {shown};\n"
    return text[:start] + body + text[end:]
