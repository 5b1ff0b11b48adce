"""seed_scores.py ADDRESS PKI FILE: a thousand persons with scores and consents to the municipal application, which may have more calls in flight than a city; FILE gets a framed question about
each, for bench_rpc recognize."""
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from lib.client import Client  # noqa: E402
from lib.scores import Scores, person, score  # noqa: E402


class Running:
    """As much of a gateway as Scores wants."""

    def __init__(self, address, pki):
        self.address, self.pki = address, pathlib.Path(pki)

    def client(self, name):
        return Client(self.address, self.pki, name)


address, pki, file = sys.argv[1:]
city = Scores(Running(address, pki), "municipal")
persons = [person() for _ in range(1000)]
city.push(*[score(p) for p in persons])
with open(file, "wb") as out:
    for p in persons:
        city.register(p, "municipal")
        question = Scores.question(p).SerializeToString()
        out.write(struct.pack(">BI", 0, len(question)) + question)
