"""Random publishes, expiries, removals, repairs, versions, cuts and restarts against a model in memory: at every step the copy of
each puller that has caught up is what the model says, and no copy holds what has ended."""
import datetime
import os
import random
import time

import grpc
import pytest
from lib import lists
from lib.lists import FIRMS, SERIOUS, Puller, closing, entry, opening, outcomes, publish, reasons, record, removal
from lib.paths import BUILD, SLOWNESS
from lib.proxy import CuttingProxy
from lib.shifted import Clock

DAYS = 24  # the CRL of the test PKI lasts 30
RECORDS = {}


def text_of(firm, variant, ends):
    """The bytes that a source sends; the model keeps (firm, variant, ends)."""
    key = (firm, variant, ends)
    if key not in RECORDS:
        RECORDS[key] = record(FIRMS[firm], ends=ends, lrmdsy=f"情节严重 {variant}")
    return RECORDS[key]


class Entry:
    """What a source last said of an entry, and whether it stands."""

    def __init__(self):
        self.revision, self.what, self.live, self.absent, self.id = 0, None, False, False, None
        self.change = 0  # which change of the list was its last


class Model:
    def __init__(self, today):
        self.today, self.entries = today, {}
        self.versions = 0  # applied
        self.held = None   # (name, rows, changes at its close)
        self.change = 0

    def live(self):
        return {k: e for k, e in self.entries.items() if e.live}

    def copy(self):
        return {e.id: (e.revision, e.what[1]) for e in self.live().values()}

    def list(self, name, revision, what):
        """outcome of one entry"""
        e = self.entries.setdefault(name, Entry())
        if revision <= e.revision:
            return "duplicate"
        outcome = "updated" if e.live else "new"
        self.change += 1
        e.change = self.change
        e.revision, e.what, e.live, e.absent = revision, what, True, False
        return outcome

    def end(self, name, revision):
        e = self.entries.get(name)
        if e is None:
            return "refused"
        if revision <= e.revision:
            return "duplicate"
        e.revision, e.live, e.absent = revision, False, False
        return "removed"

    def tomorrow(self):
        self.today += datetime.timedelta(days=1)
        for e in self.entries.values():
            if e.live and e.what[2] < self.today:
                e.live = False

    def changes(self, rows):
        """(added, removed) of a snapshot"""
        added = sum(1 for n, (revision, _) in rows.items() if self.would_come(n, revision))
        return added, sum(1 for n in self.live() if n not in rows)

    def would_come(self, name, revision):
        e = self.entries.get(name)
        return e is None or (not e.live and (revision > e.revision or (e.absent and revision == e.revision)))

    def too_much(self, rows):
        before = len(self.live())
        added, removed = self.changes(rows)
        if self.versions == 0 and before == 0:
            return False
        return removed * 100 > 5 * before or added * 100 > 20 * before

    def snapshot(self, rows, upto=None):
        """upto: it was held, and what has come or changed since its close is not for it to end."""
        self.versions += 1
        for n, e in self.live().items():
            if n not in rows and (upto is None or e.change <= upto):
                e.live, e.absent = False, True
        for n, (revision, what) in rows.items():
            e = self.entries.setdefault(n, Entry())
            if not e.live and e.absent and revision == e.revision:
                self.change += 1
                e.live, e.absent, e.change = True, False, self.change
            else:
                self.list(n, revision, what)
        # What has ended since it was staged goes with the next second.
        for e in self.entries.values():
            if e.live and e.what[2] < self.today:
                e.live = False


class Walk:
    def __init__(self, gateway, clock, seed, steps):
        self.gateway, self.clock, self.rng = gateway, clock, random.Random(seed)
        self.model = Model(lists.today())
        self.names = 0
        self.variant = 0
        self.pullers = [Puller(), Puller(), Puller(fmt=lists.CANONICAL)]
        self.days_left = DAYS
        self.as_of = int(time.time()) - 1000000
        self.moves = [(30, self.publish_new), (14, self.publish_again), (8, self.publish_old), (14, self.remove), (10, self.snapshot),
                      (10, self.batch), (5, self.released), (3, self.discarded), (5, self.cut_publish), (5, self.cut_pull), (6, self.pages)]
        self.rare = [(max(1, steps // DAYS), self.next_day), (100, self.restart), (130, self.kill), (60, self.killed_publish)]

    # ---- the ends of the wire
    def bureau(self):
        return self.gateway.client("market-bureau") if not hasattr(self, "_bureau") else self._bureau

    def connect(self):
        self._bureau = self.gateway.client("market-bureau")
        self._hangzhou = [self.gateway.client("hangzhou"), self.gateway.client("hangzhou"), self.gateway.client("province")]

    def what(self, firm=None, name=None):
        self.variant += 1
        firm = firm if firm is not None else self.rng.randrange(len(FIRMS))
        ends = self.model.today + datetime.timedelta(days=self.rng.choice((0, 0, 1, 1, 2, 3, 5, 9, 300, 500)))
        return firm, self.variant, ends

    def name(self):
        self.names += 1
        return f"n-{self.names}"

    def some(self, live=True):
        known = [n for n, e in self.model.entries.items() if e.live == live and e.what is not None]
        return self.rng.choice(known) if known else None

    def note(self, name, receipt):
        if receipt.id:
            e = self.model.entries[name]
            assert e.id in (None, receipt.id), "an entry changes its id"
            e.id = receipt.id

    def item(self, name, revision, what, lst=SERIOUS):
        return entry(name, text_of(*what), revision, lst)

    # ---- moves
    def publish_new(self):
        names = [(self.name(), self.what()) for _ in range(self.rng.choice((1, 1, 2, 5)))]
        wanted = [self.model.list(n, 1, w) for n, w in names]
        got = publish(self._bureau, [self.item(n, 1, w) for n, w in names])
        assert outcomes(got) == wanted, got
        for (n, _), r in zip(names, got):
            self.note(n, r)

    def publish_again(self):
        """A later revision, of an entry that is on the list or was."""
        name = self.some(self.rng.random() < 0.7)
        if name is None:
            return
        e = self.model.entries[name]
        what = self.what(firm=e.what[0])
        revision = e.revision + self.rng.choice((1, 1, 3))
        wanted = self.model.list(name, revision, what)
        got, = publish(self._bureau, [self.item(name, revision, what)])
        assert outcomes([got]) == [wanted], got
        self.note(name, got)

    def publish_old(self):
        """An old copy: nothing changes, whatever became of the entry."""
        name = self.some(self.rng.random() < 0.3)
        if name is None:
            return
        e = self.model.entries[name]
        got, = publish(self._bureau, [self.item(name, max(1, e.revision - self.rng.randrange(2)), e.what)])
        assert outcomes([got])[0] in ("duplicate", "refused"), got

    def remove(self):
        name = self.some(self.rng.random() < 0.9)
        if name is None:
            return
        revision = self.model.entries[name].revision + self.rng.choice((0, 1, 1, 1, 2))
        e = self.model.entries[name]
        if revision == e.revision and e.live:
            got, = publish(self._bureau, [removal(name, revision, "exited", SERIOUS)])
            assert reasons(got) == ["sanction-list-revision-conflict"], got
            return
        wanted = self.model.end(name, revision)
        got, = publish(self._bureau, [removal(name, revision, self.rng.choice(("repaired", "withdrawn", "exited")), SERIOUS)])
        assert outcomes([got]) == [wanted], got

    def rows(self, drop, add, change):
        """A snapshot: name -> (revision, what)"""
        rows = {n: (e.revision, e.what) for n, e in self.model.live().items()}
        for name in self.rng.sample(sorted(rows), min(drop, len(rows))):
            del rows[name]
        for name in self.rng.sample(sorted(rows), min(change, len(rows))):
            rows[name] = (rows[name][0] + 1, self.what(firm=rows[name][1][0]))
        gone = [n for n, e in self.model.entries.items() if not e.live and e.absent and e.what[2] >= self.model.today]
        for _ in range(add):
            if gone and self.rng.random() < 0.5:
                name = gone.pop()
                rows[name] = (self.model.entries[name].revision, self.model.entries[name].what)
            else:
                rows[self.name()] = (1, self.what())
        return rows

    def items(self, rows):
        return [self.item(n, revision, what, "") for n, (revision, what) in rows.items()]

    def open(self, rows, snapshot=True):
        self.as_of += 1
        return opening(f"v{self.as_of}", len(rows), self.as_of, snapshot=snapshot, empty=snapshot and not rows)

    def settle(self, rows, got):
        """Of a snapshot that was closed."""
        held = self.model.too_much(rows)
        assert outcomes(got)[-1] == ("held" if held else "applied"), got[-1]
        self.model.held = (f"v{self.as_of}", rows, self.model.change) if held else None
        for (name, _), r in zip(rows.items(), got[1:]):
            self.model.entries.setdefault(name, Entry())
            self.note(name, r)
        if not held:
            self.model.snapshot(rows)

    def snapshot(self):
        n = len(self.model.live())
        rows = self.rows(self.rng.choice((0, 0, 1, n // 20, n // 3)), self.rng.choice((0, 1, n // 6, n)), self.rng.choice((0, 1, 4)))
        got = publish(self._bureau, [self.open(rows), *self.items(rows), closing()])
        assert set(outcomes(got)[1:-1]) <= {"staged"}, got
        self.settle(rows, got)

    def batch(self):
        """Repairs, and a few changes: below the thresholds."""
        live = sorted(self.model.live())
        gone = {n: self.model.entries[n].revision + 1 for n in self.rng.sample(live, min(len(live), self.rng.randrange(4)))}
        rest = [n for n in live if n not in gone]
        changed = {n: (self.model.entries[n].revision + 1, self.what(firm=self.model.entries[n].what[0]))
                   for n in self.rng.sample(rest, min(len(rest), self.rng.randrange(4)))}
        items = [removal(n, r, "repaired") for n, r in gone.items()] + self.items(changed)
        got = publish(self._bureau, [self.open(items, snapshot=False), *items, closing()])
        assert outcomes(got)[-1] == "applied", got
        self.model.versions += 1
        self.model.held = None
        for n, r in gone.items():
            self.model.end(n, r)
        for n, (r, w) in changed.items():
            self.model.list(n, r, w)

    def released(self):
        if self.model.held is None:
            self.snapshot()
        if self.model.held is None:
            return
        name, rows, upto = self.model.held
        for operator, done in (("operator", False), ("operator2", True)):
            with self.gateway_client(operator) as client:
                assert lists.release(client, SERIOUS, "market-bureau", name).released == done
        self.model.held = None
        self.model.snapshot(rows, upto)

    def discarded(self):
        if self.model.held is None:
            return
        with self.gateway_client("operator2") as client:
            lists.discard(client, SERIOUS, "market-bureau", self.model.held[0])
        self.model.held = None

    def gateway_client(self, name):
        return lists_client(self.gateway, name)

    def cut_publish(self):
        """A snapshot through a connection that breaks in the middle; it goes on under the same name until it is closed."""
        n = len(self.model.live())
        rows = self.rows(n // 20, n // 6, 2)
        items = [self.open(rows), *self.items(rows), closing()]
        proxy = CuttingProxy(("127.0.0.1", self.gateway.port), cuts=2, seed=self.rng.randrange(1 << 30), low=4000, high=12000 + 900 * len(rows))
        try:
            for _ in range(20):
                with lists_client(self.gateway, "market-bureau", proxy.address) as client:
                    try:
                        got = publish(client, items)
                        break
                    except grpc.RpcError:
                        continue
            else:
                raise AssertionError("it was never closed")
        finally:
            proxy.stop()
        assert set(outcomes(got)[1:-1]) <= {"staged", "duplicate"}, got
        self.settle(rows, got)

    def killed_publish(self):
        """The daemon is killed while rows of a snapshot come in, or while it is closed."""
        rows = self.rows(len(self.model.live()) // 20, len(self.model.live()) // 6, 2)
        items = [self.open(rows), *self.items(rows), closing()]
        at = self.rng.randrange(len(items) + 1)

        def broken():
            for i, item in enumerate(items):
                if i == at:
                    time.sleep(self.rng.random() * 0.02)
                    self.gateway.process.kill()
                yield item
            if at == len(items):
                self.gateway.process.kill()

        try:
            got = publish(self._bureau, broken())
        except grpc.RpcError:
            got = None
        self.kill()
        got = publish(self._bureau, items)
        assert set(outcomes(got)[1:-1]) <= {"staged", "duplicate"}, got
        self.settle(rows, got)

    def cut_pull(self):
        """A pull that is broken off after some messages goes on from its last cursor."""
        puller = self.rng.choice(self.pullers)
        client = self._hangzhou[self.pullers.index(puller)]
        call = lists.service(client).Pull(puller.request(), timeout=60, metadata=lists.PURPOSE)
        for _, item in zip(range(self.rng.randrange(1, 6)), call):
            puller.apply(item)
        call.cancel()

    def pages(self):
        puller = self.rng.choice(self.pullers)
        puller.pull(self._hangzhou[self.pullers.index(puller)], max_items=self.rng.randrange(1, 8))

    def next_day(self):
        if self.days_left == 0:
            return
        self.days_left -= 1
        # By the clock: nobody asks for it. Seen by one who holds what ends; the counts of ListOperations are no sign, they are
        # of what is committed, and readers see a change when its entry in the log is durable.
        watcher = Puller()
        watcher.pull(self._hangzhou[0])
        self.clock.shift(1)
        self.model.tomorrow()
        end = time.monotonic() + 20 * SLOWNESS
        while set(watcher.copy) != set(self.model.copy()):
            assert time.monotonic() < end, "entries did not end with their day"
            time.sleep(0.1)
            watcher.pull(self._hangzhou[0])

    def operator(self):
        return self.gateway.client("operator")

    def restart(self):
        self.gateway.drop_clients()
        assert self.gateway.stop() == 0
        self.again()

    def kill(self):
        self.gateway.drop_clients()
        self.gateway.kill()
        self.again()

    def again(self):
        self.gateway.start(env=self.clock.env)
        self.connect()

    # ---- after each move
    def agree(self, all_of_them):
        wanted = self.model.copy()
        chosen = self.pullers if all_of_them else [self.rng.choice(self.pullers)]
        for puller in chosen:
            client = self._hangzhou[self.pullers.index(puller)]
            puller.pull(client)
            got = {k: revision for k, (revision, _) in puller.copy.items()}
            assert got == {k: revision for k, (revision, _) in wanted.items()}
            for k, (_, raw) in puller.copy.items():
                assert f"情节严重 {wanted[k][1]}".encode() in raw
            assert puller.state.entries == len(wanted) or not all_of_them
            assert puller.state.held == (self.model.held is not None)

    def step(self, number):
        for every, move in self.rare:
            if self.rng.randrange(every) == 0:
                move()
        if self.rng.random() < 0.9:
            self.rng.choices([m for _, m in self.moves], [w for w, _ in self.moves])[0]()
        self.shrink()
        # Not at every step: a puller that was away for a while has more to catch up with.
        if self.rng.random() < 0.7:
            self.agree(number % 20 == 0)

    def shrink(self):
        """Keeps the list at a size that leaves time for steps."""
        live = sorted(self.model.live())
        if len(live) <= 120:
            return
        gone = {n: self.model.entries[n].revision + 1 for n in self.rng.sample(live, 60)}
        got = publish(self._bureau, [removal(n, r, "withdrawn", SERIOUS) for n, r in gone.items()])
        assert set(outcomes(got)) == {"removed"}
        for n, r in gone.items():
            self.model.end(n, r)


def lists_client(gateway, name, address=None):
    from lib.client import Client
    return Client(address or gateway.address, gateway.pki, name)


@pytest.mark.slow
@pytest.mark.skipif(BUILD.name in ("asan", "tsan"), reason="a preloaded library and a sanitizer do not go together")
def test_the_pullers_copy_is_the_model_at_every_step(stopped_gateway, tmp_path, long):
    steps = 10000 if long else 500
    # Every day the same walk; another one each time with --long, or as XINQIAO_SEED says.
    seed = int(os.environ.get("XINQIAO_SEED") or (random.randrange(1 << 30) if long else 11))
    print(f"seed {seed}, {steps} steps")
    clock = Clock(tmp_path)
    stopped_gateway.start(env=clock.env)
    walk = Walk(stopped_gateway, clock, seed, steps)
    walk.connect()
    for number in range(steps):
        try:
            walk.step(number)
        except BaseException:
            print(f"seed {seed}, step {number}: run again with XINQIAO_SEED={seed}")
            raise
    walk.agree(True)
