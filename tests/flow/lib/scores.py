"""Scores and consents of made-up persons: pushed, registered, asked."""
import datetime
import itertools
import json
import time
import uuid

from . import protos

FORMAT = "municipal.score@1"
BENEFIT = (("xinqiao-purpose", "benefit"),)
SCENE = "library-deposit-free"
CST = datetime.timezone(datetime.timedelta(hours=8))

RecognizeRequest = protos.message("xinqiao.v1.RecognizeRequest")
RecognizeResponse = protos.message("xinqiao.v1.RecognizeResponse")
RegisterConsentRequest = protos.message("xinqiao.v1.RegisterConsentRequest")
RevokeConsentRequest = protos.message("xinqiao.v1.RevokeConsentRequest")
ConsentStatusRequest = protos.message("xinqiao.v1.ConsentStatusRequest")
ListAgreementsRequest = protos.message("xinqiao.v1.ListAgreementsRequest")
VALID, REVOKED, EXPIRED = (protos.enum_value("xinqiao.v1.ConsentState", "CONSENT_STATE_" + n) for n in ("VALID", "REVOKED", "EXPIRED"))
CITIZEN, PASSPORT = (protos.enum_value("xinqiao.v1.DocumentKind", "DOCUMENT_KIND_" + n) for n in ("CITIZEN_ID", "PASSPORT"))

serial = itertools.count(100)


def today():
    """The civil date in UTC+8."""
    return datetime.datetime.now(CST).date()


def person(born=datetime.date(1990, 3, 7)):
    """A citizen id that nobody else of this run has."""
    n = next(serial)
    body = f"33060{2 + n // 1000}{born:%Y%m%d}{n % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(weights, body)) % 11]


def document(number, kind=CITIZEN):
    return {"kind": kind, "number": number}


def score(number, points="680", as_of=None, scale="shaoxing", edition="2026", zjlx="身份证"):
    row = {"fdmchxm": "测试人", "zjlx": zjlx, "zjhm": number, "pfbz": scale, "pfbb": edition, "fs": points,
           "sjrq": (as_of or today()).isoformat(), "jg": "绍兴市公共信用信息中心", "jgdm": "", "bz": ""}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


class Scores:
    """One peer's view: its services, with the purpose said."""

    def __init__(self, gateway, name, **more):
        self.client = gateway.client(name, **more)
        self.scores = protos.Service(self.client.channel, "xinqiao.v1.ScoreRecognition")
        self.consents = protos.Service(self.client.channel, "xinqiao.v1.Consents")

    def push(self, *records):
        receipts = self.client.push([protos.PushItem(key=str(uuid.uuid4()), format=FORMAT, record=r) for r in records])
        for receipt in receipts:
            assert receipt.outcome in (protos.NEW, protos.UPDATED), receipt
        return receipts

    @staticmethod
    def question(number, scene=SCENE, purpose="benefit", kind=CITIZEN, **more):
        return RecognizeRequest(subject=document(number, kind), scene=scene, purpose=purpose, **more)

    def ask(self, number, metadata=BENEFIT, timeout=30, **more):
        return self.scores.Recognize(self.question(number, **more), metadata=metadata, timeout=timeout)

    def batch(self, questions, metadata=BENEFIT, timeout=60):
        return self.scores.RecognizeBatch(iter(questions), metadata=metadata, timeout=timeout)

    def register(self, number, to, scenes=(SCENE,), purpose="benefit", days=10.0, consent=None, kind=CITIZEN, until_us=None, timeout=30):
        request = RegisterConsentRequest(consent=consent or str(uuid.uuid4()), subject=document(number, kind), to=to, purpose=purpose,
                                         scenes=scenes)
        us = until_us or int((time.time() + days * 86400) * 1e6)
        request.until.seconds, request.until.nanos = us // 10**6, us % 10**6 * 1000
        return self.consents.Register(request, timeout=timeout)

    def revoke(self, consent, timeout=30):
        return self.consents.Revoke(RevokeConsentRequest(consent=consent), timeout=timeout)

    def status(self, consent, timeout=30):
        return self.consents.Status(ConsentStatusRequest(consent=consent), timeout=timeout)

    def agreements(self, timeout=30):
        return {a.id: a for a in self.scores.ListAgreements(ListAgreementsRequest(), metadata=BENEFIT, timeout=timeout).agreements}
