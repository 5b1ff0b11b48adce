"""Adapters that block, never answer, answer twice or fail are contained: other calls go on, the method is disabled after five failures
in a row, everybody who asks is told so, and the next configuration gives it another chance."""
import signal
import time

import grpc
import pytest
from lib import protos, reflected
from lib.client import refusal
from lib.paths import BUILD, SLOWNESS

BROKEN = BUILD / "tests/adapters"
PROBE = "xinqiao.test.v1.Probe"


def adapter(gateway, name, options=""):
    folder = gateway.conf / "adapters"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.conf").write_text(f'file = "{BROKEN / (name + ".so")}";\n' + (f"options = {{\n{options}\n}};\n" if options else ""))
    peer = gateway.conf / "peers/suzhou.conf"
    peer.write_text(peer.read_text().replace("grants = (", 'grants = (\n  { method = "Probe/*"; },', 1))


def wait_for(what, seconds=15):
    until = time.monotonic() + seconds * SLOWNESS
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def probe(gateway):
    return reflected.Service(gateway.client("suzhou"), PROBE)


def health(gateway, service=PROBE):
    return gateway.client("operator").health.Check(protos.HealthCheckRequest(service=service), timeout=20 * SLOWNESS).status


def status_of(gateway, name):
    status = gateway.client("operator").status()
    return next(a for a in status.adapters if a.name == name), status


def assert_disabled(gateway, name):
    told = refusal(lambda: probe(gateway).Ask(text="good"))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "method-disabled")
    assert told.retry_s == 60 and "停用" in told.texts["zh-CN"] and "disabled" in told.texts["en"]
    assert health(gateway) == 2
    assert health(gateway, "") == 1 and health(gateway, "xinqiao.v1.RecordExchange") == 1
    shown, status = status_of(gateway, name)
    assert list(shown.disabled) == ["Probe/Ask"] and shown.file.endswith(f"/{name}.so") and len(shown.digest) == 32
    line = [r for r in status.red if r.reason == "adapter-method-disabled"]
    assert len(line) == 1 and "Probe/Ask" in line[0].text_en and "Probe/Ask" in line[0].text_zh
    assert gateway.text().count("method Probe/Ask is disabled") == 1


def assert_enabled_by_reload(gateway, name):
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: not status_of(gateway, name)[0].disabled)
    assert probe(gateway).Ask(text="good").text == "good"
    assert health(gateway) == 1
    assert not [r for r in status_of(gateway, name)[1].red if r.reason.startswith("adapter-")]


def assert_logged(gateway, reasons, alarms=1):
    """An entry for each call, and the alarm."""
    assert gateway.stop() == 0
    entries = gateway.entries()
    found = [e.reason for e in entries if e.method == "Probe/Ask"]
    assert found == reasons
    told = [e.event_text for e in entries if e.event == "adapter.disabled"]
    assert told == ["Probe/Ask count=1"] * alarms


@pytest.mark.parametrize("name", ["fails_always", "never_answers"])
def test_five_failures_in_a_row_disable_a_method(stopped_gateway, name):
    gateway = stopped_gateway
    adapter(gateway, name)
    gateway.start()
    ask = probe(gateway).Ask
    for _ in range(4):
        told = refusal(lambda: ask(text="bad"))
        assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "internal")
    assert ask(text="good").text == "good", "four, and then a good one"
    for _ in range(5):
        assert health(gateway) == 1
        assert refusal(lambda: ask(text="bad")).reason == "internal"
    assert_disabled(gateway, name)
    assert_enabled_by_reload(gateway, name)
    assert_logged(gateway, ["internal"] * 4 + ["ok"] + ["internal"] * 5 + ["method-disabled", "ok"])


def test_a_limit_of_the_host_is_no_failure_of_the_method(stopped_gateway):
    """It depends on what one caller asks: it must not take the method from the others."""
    gateway = stopped_gateway
    gateway.set(limits__call_memory="4 MiB", limits__adapter_loop_budget="2s")
    adapter(gateway, "overdraws")
    gateway.start()
    ask = probe(gateway).Ask
    for text, reason in (("bad", "query-too-large"), ("large", "message-too-large")):
        for _ in range(6):
            told = refusal(lambda: ask(text=text))
            assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, reason)
    assert ask(text="good").text == "good" and health(gateway) == 1
    assert_logged(gateway, ["query-too-large"] * 6 + ["message-too-large"] * 6 + ["ok"], alarms=0)


def test_a_second_answer_is_dropped(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "answers_twice")
    gateway.start()
    ask = probe(gateway).Ask
    for _ in range(5):
        assert ask(text="bad").text == "bad", "the first answer was good"
    assert_disabled(gateway, "answers_twice")
    assert_enabled_by_reload(gateway, "answers_twice")
    assert_logged(gateway, ["ok"] * 5 + ["method-disabled", "ok"])


def test_a_handler_that_blocks_its_loop_is_disabled_while_it_does(stopped_gateway):
    gateway = stopped_gateway
    gateway.set(limits__adapter_loop_budget="20ms", loops=2)
    adapter(gateway, "blocks")
    gateway.start()
    ask = probe(gateway).Ask
    assert ask(text="good").text == "good"
    assert refusal(lambda: ask(text="bad", timeout=0.5)).code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert_disabled(gateway, "blocks")
    assert_enabled_by_reload(gateway, "blocks")
    assert gateway.stop() == 0


def test_a_worker_that_does_not_come_back_is_not_waited_for(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "slow_worker")
    gateway.set(limits__adapter_workers=2)
    gateway.start()
    ask = probe(gateway).Ask
    assert ask(text="good").text == "good"
    told = refusal(lambda: ask(text="bad", timeout=0.3))
    assert told.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert ask(text="good").text == "good", "the other worker"
    wait_for(lambda: status_of(gateway, "slow_worker")[0].late_answers == 1)
    assert ask(text="good").text == "good", "counted from here"
    for late in range(2, 7):
        assert refusal(lambda: ask(text="bad", timeout=0.3)).code == grpc.StatusCode.DEADLINE_EXCEEDED
        wait_for(lambda: status_of(gateway, "slow_worker")[0].late_answers == late)
    wait_for(lambda: health(gateway) == 2)
    assert_disabled(gateway, "slow_worker")
    assert_enabled_by_reload(gateway, "slow_worker")
    assert gateway.stop() == 0
    reasons = [e.reason for e in gateway.entries() if e.method == "Probe/Ask"]
    assert len(reasons) == 11 and set(reasons) <= {"ok", "deadline", "cancelled", "method-disabled"}, reasons


def test_a_worker_is_waited_for_at_the_end(stopped_gateway):
    gateway = stopped_gateway
    adapter(gateway, "slow_worker")
    gateway.set(drain="100ms")
    gateway.start()
    assert refusal(lambda: probe(gateway).Ask(text="bad", timeout=0.3)).code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert gateway.stop() == 0


def ticks(gateway):
    shown, status = status_of(gateway, "ticks")
    return int(next(line.text_en for line in shown.lines if line.item == "rows")), shown, status


def test_work_by_the_clock_has_entries_and_is_tried_again(stopped_gateway):
    gateway = stopped_gateway
    fail = gateway.folder / "fail"
    adapter(gateway, "ticks", f'fail_file = "{fail}";')
    gateway.start()
    first, shown, status = ticks(gateway)
    assert first >= 1, "once before anybody is served"
    line = next(line for line in shown.lines if line.item == "alarm")
    assert (line.state, line.text_zh, line.text_en, line.red) == ("ticks-red", "红", "red", True)
    assert [r.text_zh for r in status.red if r.reason == "ticks-red"] == ["红"]
    wait_for(lambda: ticks(gateway)[0] >= first + 3)

    fail.touch()
    wait_for(lambda: [r for r in gateway.client("operator").status().red if r.reason == "adapter-tick-failing" and "ticks" in r.text_en])
    stopped_at = ticks(gateway)[0]
    fail.unlink()
    wait_for(lambda: ticks(gateway)[0] > stopped_at)
    wait_for(lambda: not [r for r in gateway.client("operator").status().red if r.reason == "adapter-tick-failing"])
    assert gateway.stop() == 0

    entries = [e for e in gateway.entries() if e.method == "ticks/tick"]
    assert len(entries) >= stopped_at
    one = entries[0]
    assert (one.peer_id, one.purpose, one.legal_basis, one.reason, one.status) == ("self", "operation", "operation", "ok", 200)
    assert (one.direction, one.phase, one.decision, one.record_count, one.record_kind) == (1, 2, 1, 1, "ticks")
    assert len(one.peer_spki) == 32 and not one.peer_addr
    # None is applied without its entry, or has one without being applied.
    gateway.start()
    count = ticks(gateway)[0]
    assert gateway.stop() == 0
    assert count <= len([e for e in gateway.entries() if e.method == "ticks/tick"])
