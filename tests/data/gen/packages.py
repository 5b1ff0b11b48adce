"""Every package of tests/data/formats/: package.xml or package.json and rows.tsv, and the batches with bad rows."""
import datetime
import itertools
import random

import cases
import dialects
import ids
import texts
import wire
from cases import LONG

PROVINCE = "330000"
CITY = "330600"


class Data:
    def __init__(self, seed, persons, firms):
        self.rng = random.Random(seed)
        self.persons, self.firms = persons, firms
        self.amounts = itertools.cycle(texts.AMOUNTS)

    def subjects(self, count, wanted, who):
        found = [s for w in who for s in getattr(self, w) if s.outcome in wanted]
        self.rng.shuffle(found)
        return list(itertools.islice(itertools.cycle(found), count))

    def penalties(self, count, who):
        rows = self.subjects(count, ("penalised", "both"), who)
        return [cases.penalty(self.rng, i, s, texts.PENALTIES[i % len(texts.PENALTIES)], self.amounts) for i, s in enumerate(rows)]

    def permits(self, count, who):
        rows = self.subjects(count, ("permitted", "both"), who)
        return [cases.permit(self.rng, i, s, (texts.PERMITS_PERSON if dialects.is_person(s) else texts.PERMITS)[
            i % len(texts.PERMITS_PERSON if dialects.is_person(s) else texts.PERMITS)]) for i, s in enumerate(rows)]

    def outcome(self, outcome):
        return next(f for f in self.firms if f.outcome == outcome)


def subject_class(s):
    return "person" if dialects.is_person(s) else "sole-trader" if s.kind.startswith("sole") else "organisation"


def rows_tsv(listed):
    yield ("row", "subject", "class", "document_no", "outcome")
    for i, c in enumerate(listed, 1):
        yield (str(i), c.subject.id, subject_class(c.subject), c.wsh, "new")


def national(name, listed, writer, resource):
    records = [wire.xml_record(writer(c, i)) for i, c in enumerate(listed)]
    return wire.xml_package(records, resource=resource, sender=PROVINCE, receiver=CITY, area=CITY, name=name)


def ended(data):
    """A penalty past its retention (60 months): the law refuses it."""
    case = cases.penalty(random.Random(61), 61, data.outcome("ended"), texts.PENALTIES[0], itertools.cycle(texts.AMOUNTS))
    case.decided = datetime.date(2020, 3, 10)
    case.wsh = case.wsh.replace("2026", "2020")
    case.valid_to = case.publicity_to = datetime.date(2023, 3, 10)
    return case


# ---- batches with bad rows --------------------------------------------------------------------------------------

def replace(fields, **changed):
    return [(code, changed.get(code, value)) for code, value in fields]


def drop(fields, name):
    return [(code, value) for code, value in fields if code != name]


def organisation_faults(data):
    """row -> (change of the fields, [(reason, field)])"""
    petition = texts.NO_BASIS
    bad = data.outcome("refused:uscc-check")
    filler = data.outcome("refused:condition-missing")

    def set_(**changed):
        return lambda f: replace(f, **changed)

    return {
        4: (set_(CF_XDR_MC=bad.name, CF_XDR_SHXYM=bad.uscc, CF_XDR_LB="法人及非法人组织", CF_XDR_ZZJG=""), [("uscc-check", "CF_XDR_SHXYM")]),
        9: (set_(CF_WSH=""), [("field-missing", "CF_WSH")]),
        13: (set_(CF_CFLB="罚款", CF_NR_FK=""), [("amount-missing", "CF_NR_FK")]),
        17: (set_(CF_JDRQ="2088/08/08", CF_GSJZQ="2099/12/31", CF_YXQ="2099/12/31"), [("date-future", "CF_JDRQ")]),
        22: (set_(CF_CFLB="罚款", CF_NR_FK="0.1234567", CF_JDRQ="2026/13/01"),
             [("amount-precision", "CF_NR_FK"), ("date-invalid", "CF_JDRQ")]),
        26: (set_(CF_XDR_LB="自然人"), [("enum-unknown", "CF_XDR_LB")]),
        31: (set_(CF_WFXW=petition["waste-sorting"][0], CF_SY=petition["waste-sorting"][1], CF_YJ=petition["waste-sorting"][2]),
             [("law-no-basis", "CF_WFXW")]),
        36: (set_(CF_XDR_MC=filler.name, CF_XDR_LB="个体工商户", CF_XDR_SHXYM=ids.FILLER, CF_XDR_GSZC=""),
             [("condition-missing", "CF_XDR_GSZC")]),
    }


def person_faults(data):
    petition = texts.NO_BASIS

    def set_(**changed):
        return lambda f: replace(f, **changed)

    return {
        3: (set_(CF_XDR_ZJLX="身份证", CF_XDR_ZJHM="330602190001019911"), [("citizen-id-check", "CF_XDR_ZJHM")]),
        7: (set_(CF_XDR_ZJLX="身份证", CF_XDR_ZJHM="330602190002299918"), [("citizen-id-date", "CF_XDR_ZJHM")]),
        12: (set_(CF_XDR_ZJLX="驾驶证"), [("enum-unknown", "CF_XDR_ZJLX")]),
        18: (lambda f: drop(f, "CF_SY"), [("field-missing", "CF_SY")]),
        21: (set_(CF_GSJZQ="2020/01/01"), [("date-order", "CF_GSJZQ")]),
        27: (set_(CF_WFXW=petition["petition"][0], CF_SY=petition["petition"][1], CF_YJ=petition["petition"][2]),
             [("law-no-basis", "CF_WFXW")]),
        33: (set_(CF_WFXW=petition["jaywalking"][0], CF_SY=petition["jaywalking"][1], CF_YJ=petition["jaywalking"][2]),
             [("law-no-basis", "CF_WFXW")]),
        38: (set_(CF_WSH="绍" * 129), [("field-too-long", "CF_WSH")]),
    }


def batch(data, name, listed, faults):
    """-> package text, rows of expected.tsv"""
    records, expected = [], [("row", "outcome", "reason", "field")]
    for i, case in enumerate(listed):
        fields = dialects.national_penalty(case, i)
        row = i + 1
        if row in faults:
            change, problems = faults[row]
            fields = change(fields)
            expected += [(str(row), "refused", reason, field) for reason, field in problems]
        else:
            expected.append((str(row), "new", "", ""))
        records.append(wire.xml_record(fields))
    text = wire.xml_package(records, resource="national.penalty", sender=PROVINCE, receiver=CITY, area=CITY, name=name)
    return text, expected


def with_reminder(listed, first):
    """Other document numbers than in package.xml: the batch and the package can be pushed to one gateway."""
    for i, case in enumerate(listed):
        case.number = first + i
        case.wsh = f"{case.wsh.rsplit('〕', 1)[0]}〕{case.number}号"
    return listed


def write(out, persons, firms):
    """out(path, text or rows)"""
    data = Data(20261123, persons, firms)
    all_kinds = ("firms", "persons")

    listed = data.penalties(44, ("firms",))
    out("formats/national.penalty.org@2018/package.xml", national("penalty.org", listed, dialects.national_penalty, "national.penalty"))
    out("formats/national.penalty.org@2018/rows.tsv", rows_tsv(listed))
    out("formats/national.penalty.org@2018/ended.xml",
        national("ended.org", [ended(data)], dialects.national_penalty, "national.penalty"))
    listed = data.penalties(42, ("persons",))
    out("formats/national.penalty.person@2018/package.xml",
        national("penalty.person", listed, dialects.national_penalty, "national.penalty"))
    out("formats/national.penalty.person@2018/rows.tsv", rows_tsv(listed))
    listed = data.permits(44, ("firms",))
    out("formats/national.permit.org@2018/package.xml", national("permit.org", listed, dialects.national_permit, "national.permit"))
    out("formats/national.permit.org@2018/rows.tsv", rows_tsv(listed))
    listed = data.permits(42, ("persons",))
    out("formats/national.permit.person@2018/package.xml",
        national("permit.person", listed, dialects.national_permit, "national.permit"))
    out("formats/national.permit.person@2018/rows.tsv", rows_tsv(listed))

    listed = data.penalties(48, all_kinds)
    records = [wire.json_record(dialects.zhejiang_penalty(c, i)) for i, c in enumerate(listed)]
    out("formats/zhejiang.penalty.unified@1/package.json", wire.zhejiang_package(records))
    out("formats/zhejiang.penalty.unified@1/rows.tsv", rows_tsv(listed))
    listed = [texts.in_suzhou(c) for c in data.penalties(48, all_kinds)]
    records = [wire.json_record(dialects.suzhou_penalty(c, i), None) for i, c in enumerate(listed)]
    out("formats/suzhou.penalty@1/package.json", wire.suzhou_package(records))
    out("formats/suzhou.penalty@1/rows.tsv", rows_tsv(listed))
    listed = [texts.in_suzhou(c) for c in data.permits(44, all_kinds)]
    records = [wire.json_record(dialects.suzhou_permit(c, i), None) for i, c in enumerate(listed)]
    out("formats/suzhou.permit@1/package.json", wire.suzhou_package(records))
    out("formats/suzhou.permit@1/rows.tsv", rows_tsv(listed))

    text, expected = batch(data, "batch-40.org", with_reminder(data.penalties(40, ("firms",)), 4001), organisation_faults(data))
    out("formats/national.penalty.org@2018/batch-40.xml", text)
    out("formats/national.penalty.org@2018/expected.tsv", expected)
    text, expected = batch(data, "batch-40.person", with_reminder(data.penalties(40, ("persons",)), 5001), person_faults(data))
    out("formats/national.penalty.person@2018/batch-40.xml", text)
    out("formats/national.penalty.person@2018/expected.tsv", expected)
    return data


def bulk(count, persons, firms, seed=1, first=100000):
    """`count` penalties of organisations, each with a document number of its own: (number, record as XML bytes)."""
    data = Data(seed, persons, firms)
    good = [f for f in firms if f.outcome in ("penalised", "both") and f.kind == "enterprise"]
    for n in range(first, first + count):
        case = cases.penalty(data.rng, n, good[n % len(good)], texts.PENALTIES[n % 5], data.amounts)
        yield n, wire.xml_record(dialects.national_penalty(case, n)).encode()
