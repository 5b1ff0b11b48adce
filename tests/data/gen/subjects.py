"""The test subjects: people.tsv and firms.tsv. Every row says what it is for; tests and partners rely on it."""
import datetime

import ids

TODAY = datetime.date(2026, 11, 23)
AREAS = ("330602", "330603", "330604", "330624", "330681", "330683")
PLACES = {"330600": "绍兴", "330602": "越城", "330603": "柯桥", "330604": "上虞", "330624": "新昌", "330681": "诸暨",
          "330683": "嵊州"}

# Surnames and given names are put together so that no name is part of another and none is a word of the texts.
SURNAMES = "沈陶鲁俞章裘茹阮骆娄寿蒋竺魏钟葛马孟韩柴"
GIVEN = ("澄砚", "栖梧", "霁川", "漱玉", "砺锋", "芷蘅", "望舒", "景行", "清晏", "令仪", "知微", "若谷", "徽音", "怀瑾", "昭宁",
         "浥尘", "既明", "允执", "采薇", "攸宁")


class Person:
    def __init__(self, number, name, sex, area, birth, sequence, outcome, note=""):
        self.id = f"P{number:03d}"
        self.name = name
        self.sex = sex
        self.area = area
        self.birth = birth
        self.citizen_id = ids.citizen_id(area, birth.strftime("%Y%m%d"), sequence)
        self.doc_kind = "身份证"
        self.doc_number = self.citizen_id
        self.outcome = outcome
        self.note = note

    @property
    def age(self):
        had = (TODAY.month, TODAY.day) >= (self.birth.month, self.birth.day)
        return TODAY.year - self.birth.year - (0 if had else 1)


class Firm:
    def __init__(self, number, kind, name, uscc, regno, orgcode, taxno, rep, area, outcome, note=""):
        self.id = f"F{number:03d}"
        self.kind = kind
        self.name = name
        self.uscc = uscc
        self.regno = regno
        self.orgcode = orgcode
        self.taxno = taxno
        self.rep = rep
        self.area = area
        self.outcome = outcome
        self.note = note
        self.sydw = ""
        self.shzz = ""

    @property
    def category(self):
        return "个体工商户" if self.kind.startswith("sole") else "法人及非法人组织"


def people(rng):
    names = [SURNAMES[i] + GIVEN[(i + 3 * k) % 20] for k in range(6) for i in range(20)]
    outcomes = (["penalised"] * 16 + ["permitted"] * 16 + ["both"] * 6 + ["legal-rep"] * 24 + ["clean"] * 4 + ["unknown"] * 2)
    rows = []
    for i, outcome in enumerate(outcomes):
        birth = datetime.date(1900, 1, 1) + datetime.timedelta(days=rng.randrange(0, 3650))
        sex = "男" if i % 2 == 0 else "女"
        sequence = 901 + 2 * (i % 45) if sex == "男" else 900 + 2 * (i % 45)
        rows.append(Person(i + 1, names[i], sex, AREAS[i % 6], birth, sequence, outcome,
                           {"clean": "known to the city, no record", "unknown": "never delivered by anybody"}.get(outcome, "")))

    def add(outcome, note, sex, area, birth):
        n = len(rows)
        rows.append(Person(n + 1, names[n], sex, area, datetime.date.fromisoformat(birth), 991 if sex == "男" else 992,
                           outcome, note))
        return rows[-1]

    add("adult-today", "18 on 2026-11-23", "男", "330600", "2008-11-23")
    add("minor", "18 on 2026-11-24", "女", "330600", "2008-11-24")
    add("minor", "16", "男", "330600", "2010-06-01")
    add("minor", "10; area withdrawn in 2013", "女", "330621", "2016-02-29")
    add("minor", "8; area withdrawn in 2013", "男", "330682", "2018-09-30")
    add("adult", "34", "女", "330600", "1992-07-15")
    add("adult", "51", "男", "330600", "1975-03-08")
    add("adult", "29; check character X", "男", "330600", "1997-01-01")
    for kind, number, outcome in (("护照号", "E00000991", "penalised"), ("港澳居民来往内地通行证", "H00000992", "permitted"),
                                  ("台湾居民来往大陆通行证", "00000993", "penalised"),
                                  ("外国人永久居留身份证", "911330099900019", "permitted"),
                                  ("其他-军官证", "军字第00000994号", "penalised")):
        p = add(outcome, "no citizen id", "男", "330602", "1905-05-05")
        p.citizen_id, p.doc_kind, p.doc_number = "", kind, number
    return rows


TRADES = ("纺织", "印染", "酒业", "轴承", "珍珠", "茶业", "建筑工程", "物流", "食品", "化工", "环保科技", "餐饮管理", "医疗器械", "电子",
          "家具", "袜业")
MARKS = ("鉴湖", "稽山", "若耶", "剡溪", "浣江", "曹娥", "沃洲", "兰渚", "会稽", "镜泊", "苎萝", "柯岩")


def firms(rng, persons):
    reps = [p for p in persons if p.outcome == "legal-rep"]
    rows = []
    serial = iter(range(1, 1000))

    def name(area, i):
        return f"{PLACES[area]}{MARKS[i % 12]}{TRADES[(i * 5 + i // 12) % 16]}"

    def add(kind, outcome, note=""):
        n = next(serial)
        i = len(rows)
        area = AREAS[i % 6]
        rep = reps[i % len(reps)]
        body = f"MA9X{n:04d}"
        if kind == "enterprise":
            f = Firm(n, kind, f"绍兴{name(area, i)}有限公司", ids.uscc(9, 1, area, body), ids.regno(area, 20000 + n),
                     "", "", rep, area, outcome, note)
            f.orgcode = f.uscc[8:17] if i % 3 == 0 else ""
            f.taxno = f.uscc if i % 4 == 0 else f"{area}{770000000 + n}" if i % 4 == 1 else ""
        elif kind == "coop":
            f = Firm(n, kind, f"{name(area, i)}农业专业合作社", ids.uscc(9, 3, area, body), "", "", "", rep, area, outcome, note)
        elif kind == "institution":
            f = Firm(n, kind, f"{PLACES[area]}{MARKS[i % 12]}水利服务中心", ids.uscc(1, 2, area, f"4719{n:04d}"), "", "", "", rep,
                     area, outcome, note)
            f.sydw = f"{area}{n:06d}"
        elif kind == "social":
            f = Firm(n, kind, f"{PLACES[area]}{MARKS[i % 12]}行业协会", ids.uscc(5, 1, area, f"MJT9{n:04d}"), "", "", "", rep, area,
                     outcome, note)
            f.shzz = f"浙绍社证字第{n:04d}号"
        elif kind == "sole":
            f = Firm(n, kind, f"{PLACES[area]}{MARKS[i % 12]}{n}号{('小吃店', '五金店', '便利店', '布行')[i % 4]}",
                     ids.uscc(9, 2, area, body), ids.regno(area, 60000000 + n) if i % 2 else "", "", "", rep, area, outcome, note)
        else:
            f = Firm(n, kind, f"{PLACES[area]}{MARKS[i % 12]}{n}号{('菜摊', '鱼行', '裁缝铺')[i % 3]}", ids.FILLER,
                     ids.regno(area, 70000000 + n), "", "", rep, area, outcome, note)
        rows.append(f)
        return f

    for outcome, count in (("penalised", 22), ("permitted", 12), ("both", 6)):
        for _ in range(count):
            add("enterprise", outcome)
    for kind, outcome in (("coop", "penalised"), ("coop", "permitted"), ("institution", "penalised"), ("institution", "permitted"),
                          ("social", "penalised"), ("social", "permitted")):
        add(kind, outcome)
    for outcome, count in (("penalised", 8), ("permitted", 5), ("both", 2)):
        for _ in range(count):
            add("sole", outcome)
    for outcome, count in (("penalised", 4), ("permitted", 2)):
        for _ in range(count):
            add("sole-filler", outcome, "code written 17 zeros + X, registration number given")
    for _ in range(3):
        add("enterprise", "clean", "known to the city, no record")
    for _ in range(2):
        add("enterprise", "unknown", "never delivered by anybody")
    add("enterprise", "repaired", "penalty repaired; must not come back from an old copy")
    add("enterprise", "ended", "its penalty is past publicity and retention, so the law refuses it")
    add("enterprise", "withdrawn", "case withdrawn by the agency")

    bad = add("enterprise", "refused:uscc-check", "check character one step on")
    bad.uscc = bad.uscc[:17] + ids.USCC[(ids.USCC.index(bad.uscc[17]) + 1) % 31]
    bad = add("enterprise", "refused:uscc-length", "17 characters")
    bad.uscc = bad.uscc[:17]
    bad = add("enterprise", "refused:uscc-charset", "letter O typed for digit 0")
    bad.uscc = bad.uscc[:10] + "O" + bad.uscc[11:]
    bad = add("enterprise", "refused:uscc-placeholder", "a firm with the filler of sole traders")
    bad.uscc = ids.FILLER
    bad = add("sole-filler", "refused:condition-missing", "filler without registration number")
    bad.regno = ""
    bad = add("sole", "refused:regno-check", "check digit of the registration number wrong")
    good = ids.regno(bad.area, 60000000 + len(rows))
    bad.regno = good[:14] + str((int(good[14]) + 1) % 10)
    return rows


PEOPLE_HEAD = ("id", "name", "sex", "area", "birth", "age_2026_11_23", "document_kind", "document_number", "outcome", "note")
FIRMS_HEAD = ("id", "kind", "name", "uscc", "registration_no", "organisation_code", "tax_no", "institution_cert_no",
              "social_cert_no", "legal_rep", "area", "outcome", "note")


def people_tsv(persons):
    yield PEOPLE_HEAD
    for p in persons:
        yield (p.id, p.name, p.sex, p.area, p.birth.isoformat(), str(p.age), p.doc_kind, p.doc_number, p.outcome, p.note)


def firms_tsv(rows):
    yield FIRMS_HEAD
    for f in rows:
        yield (f.id, f.kind, f.name, f.uscc, f.regno, f.orgcode, f.taxno, f.sydw, f.shzz, f.rep.id, f.area, f.outcome, f.note)
