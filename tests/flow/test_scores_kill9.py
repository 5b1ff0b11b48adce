"""kill -9 while consents are registered and revoked: what was acknowledged holds, a revocation above all, and the log verifies."""
import random
import threading
import time
import uuid

import grpc
import pytest

from lib.scores import REVOKED, VALID, Scores, person, score

WORKERS = 4


def work(city, numbers, stop, given, revoked, tried):
    """Registers and revokes until the connection is lost; what was answered goes into `given` and `revoked`, what was only
    asked for into `tried`."""
    rng = random.Random(len(given))
    while not stop.is_set():
        number, consent = rng.choice(numbers), str(uuid.uuid4())
        try:
            city.register(number, "library-counter", consent=consent, timeout=5)
            given[consent] = number
            if rng.random() < 0.7:
                tried.add(consent)
                city.revoke(consent, timeout=5)
                revoked.add(consent)
        except grpc.RpcError:
            return


@pytest.mark.slow
def test_acknowledged_consents_survive(stopped_gateway, long):
    gateway = stopped_gateway
    conf = gateway.conf / "adapters/score_recognition.conf"
    conf.write_text(conf.read_text().replace("consents_max = 16", "consents_max = 256"))
    gateway.start()
    rng = random.Random(7)
    given, revoked, tried = {}, set(), set()
    city = Scores(gateway, "municipal")
    numbers = [person() for _ in range(20)]
    city.push(*[score(n) for n in numbers])
    for _ in range(50 if long else 6):
        cities, stop = [Scores(gateway, "municipal") for _ in range(WORKERS)], threading.Event()
        threads = [threading.Thread(target=work, args=(c, numbers, stop, given, revoked, tried)) for c in cities]
        for t in threads:
            t.start()
        time.sleep(rng.uniform(0.05, 0.6))
        gateway.kill()
        stop.set()
        for t in threads:
            t.join()
        gateway.drop_clients()
        gateway.start()
        city, counter = Scores(gateway, "municipal"), Scores(gateway, "library-counter")
        for consent in random.Random(1).sample(sorted(given), min(len(given), 200)):
            state = city.status(consent).state
            yes = counter.ask(given[consent], consent=consent).benefit
            if consent in revoked:
                assert state == REVOKED and not yes
            elif consent not in tried:
                assert state == VALID and yes
            else:
                assert yes == (state == VALID)
    assert len(revoked) > 10 and len(given) > len(revoked)
    size = gateway.client("operator").status().log.entries
    gateway.published(size)
    vkey = gateway.vkey()
    gateway.drop_clients()
    assert gateway.stop() == 0
    assert gateway.tool("log", "verify", gateway.shard(), "--vkey", vkey).returncode == 0
