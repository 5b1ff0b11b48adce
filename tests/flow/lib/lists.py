"""Lists in the flow tests: entries in the common platform's format, publishing, and a puller that applies the feed."""
import datetime
import json

from . import data, protos

X = "xinqiao.v1."
FORMAT = "common.list@1"
CANONICAL = "canonical.record@1"
SERIOUS, ABNORMAL = "market-serious", "market-abnormal"
PURPOSE = (("xinqiao-purpose", "credit-supervision"),)
Item = protos.message(X + "ListPublishItem")
PullRequest = protos.message(X + "ListPullRequest")
CheckRequest = protos.message(X + "ListCheckRequest")
CheckBatchRequest = protos.message(X + "ListCheckBatchRequest")
Subject = protos.message(X + "ListSubject")
UTC8 = datetime.timezone(datetime.timedelta(hours=8))


def names(enum, prefix):
    """number -> name without its prefix, in lower case"""
    return {v.number: v.name.removeprefix(prefix).lower() for v in protos.pool().FindEnumTypeByName(X + enum).values}


OUTCOMES = names("ListOutcome", "LIST_OUTCOME_")
ENDS = names("ListEnd", "LIST_END_")
CONDITIONS = names("ListCondition", "LIST_CONDITION_")
END_NUMBERS = {v: k for k, v in ENDS.items()}

FIRMS = [f for f in data.table("firms.tsv") if f["kind"] == "enterprise" and f["outcome"] == "penalised" and f["uscc"]]
PEOPLE = [p for p in data.table("people.tsv") if len(p["document_number"]) == 18]


def today():
    return datetime.datetime.now(UTC8).date()


def record(firm=None, person=None, lst=SERIOUS, ends=None, decided=None, **more):
    """One entry as the market regulator writes it."""
    decided = decided or today() - datetime.timedelta(days=30)
    made = {
        "id": "MD0001", "ztlb": "自然人" if person else "法人及非法人组织", "mdlxid": lst,
        "ztmc": person["name"] if person else firm["name"], "tyshxydm": "" if person else firm["uscc"],
        "fddbr": "" if person else "寿既明", "zjhm": person["document_number"] if person else "",
        "rdbm": "绍兴市市场监督管理局", "rdyj": "《市场监督管理严重违法失信名单管理办法》第五条", "rdrq": str(decided),
        "yxqz": str(ends or decided + datetime.timedelta(days=700)), "lrmdsy": "生产销售不符合食品安全标准的食品，情节严重",
        "inserttime": f"{decided} 09:00:00", "yccrq": "", "ycsy": "", "ssbm": "", "jclxmc": "市场监督管理严重违法失信名单", "jclxms": "",
        "glbwl": "", "hhmdlx": "黑"}
    made.update(more)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def entry(name, raw, revision=1, lst="", measures=(), fmt=FORMAT):
    return Item(entry={"list": lst, "entry": name, "revision": revision, "format": fmt, "record": raw, "measures": list(measures)})


def removal(name, revision, end="exited", lst="", on=None):
    made = Item(removal={"list": lst, "entry": name, "revision": revision, "end": END_NUMBERS[end]})
    if on is not None:
        made.removal.ended_on.year, made.removal.ended_on.month, made.removal.ended_on.day = on.year, on.month, on.day
    return made


def opening(version, declared, as_of, lst=SERIOUS, snapshot=True, empty=False):
    made = Item(open={"list": lst, "version": version, "snapshot": snapshot, "declared": declared, "empty": empty})
    made.open.as_of.seconds = int(as_of)
    return made


def closing():
    return Item(close={})


def version(name, rows, as_of, lst=SERIOUS, snapshot=True, empty=False, declared=None):
    rows = list(rows)
    return [opening(name, len(rows) if declared is None else declared, as_of, lst, snapshot, empty), *rows, closing()]


def service(client):
    if not hasattr(client, "lists"):
        client.lists = protos.Service(client.channel, X + "ListExchange")
        client.list_operations = protos.Service(client.channel, X + "ListOperations")
    return client.lists


def publish(client, items, timeout=60):
    return list(service(client).Publish(iter(items), timeout=timeout))


def outcomes(receipts):
    return [OUTCOMES[r.outcome] for r in receipts]


def reasons(receipt):
    return [f.reason for f in receipt.findings if f.type == protos.ERROR]


def check(client, uscc="", citizen_id="", lists=(), timeout=30):
    return service(client).Check(CheckRequest(subject={"uscc": uscc, "citizen_id": citizen_id}, lists=list(lists)), timeout=timeout,
                                 metadata=PURPOSE)


def states(answer):
    return {s.list: CONDITIONS[s.condition] + ("+held" if s.held else "") for s in answer.states}


def operations(client):
    service(client)
    return client.list_operations


def lists_of(client):
    return {s.list: s for s in operations(client).Lists(protos.message(X + "ListsRequest")(), timeout=30).lists}


def held(client):
    return list(operations(client).Held(protos.message(X + "HeldRequest")(), timeout=30).held)


def release(client, lst, source, name):
    return operations(client).Release(protos.message(X + "ReleaseRequest")(list=lst, source=source, version=name), timeout=60)


def discard(client, lst, source, name):
    return operations(client).Discard(protos.message(X + "DiscardRequest")(list=lst, source=source, version=name), timeout=60)


class Puller:
    """Applies the feed of one list: what it holds is `copy`, id -> (revision, record)."""

    def __init__(self, lst=SERIOUS, fmt=FORMAT, strict=True):
        self.lst, self.fmt, self.strict = lst, fmt, strict
        self.cursor, self.copy, self.state, self.end = "", {}, None, None
        self.removed = []  # (id, end)

    def apply(self, item):
        if item.HasField("state"):
            self.state = item.state
        if item.HasField("removal"):
            assert not item.record
            gone = self.copy.pop(item.removal.id, None)
            assert gone is not None or not self.strict, "a removal of what was never sent"
            self.removed.append((item.removal.id, ENDS[item.removal.end]))
        elif item.record:
            self.copy[item.id] = (item.revision, item.record)
        if item.HasField("end"):
            self.end = item.end
        if item.cursor:
            self.cursor = item.cursor

    def request(self, **more):
        return PullRequest(list=self.lst, format=self.fmt, cursor=self.cursor, **more)

    def pull(self, client, max_items=0, timeout=60, metadata=PURPOSE):
        self.end, before = None, len(self.removed)
        for item in service(client).Pull(self.request(max_items=max_items), timeout=timeout, metadata=metadata):
            assert self.end is None, "a message after the end"
            self.apply(item)
        assert self.end is not None, "a pull without end"
        return self.removed[before:]
