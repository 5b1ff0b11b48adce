"""Cases in the abstract: who did or got what, from whom, when. dialects.py spells them as each sender does."""
import datetime

import texts
from subjects import TODAY

LONG = datetime.date.max  # 长期


class Penalty:
    def __init__(self, subject, agency, number, decided):
        self.subject = subject
        self.agency = agency
        self.wsh = f"{agency.mark}〔{decided.year}〕{number}号"
        self.number = number
        self.decided = decided
        self.rep_document = False
        self.fine = self.income = self.goods = None
        self.licence = ""
        self.valid_to = LONG
        self.publicity_to = None
        self.remark = ""
        self.summary = False

    @property
    def taken(self):
        return None if self.income is None and self.goods is None else (self.income or 0) + (self.goods or 0)


class Permit:
    def __init__(self, subject, agency, number, decided):
        self.subject = subject
        self.agency = agency
        self.wsh = f"{agency.mark.rstrip('罚决处')}许〔{decided.year}〕{number}号"
        self.number = number
        self.decided = decided
        self.state = "1"
        self.certificate = self.certificate_no = ""
        self.rep_document = False
        self.remark = ""


def years_later(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def months_later(day, months):
    year, month = divmod(day.month - 1 + months, 12)
    return datetime.date(day.year + year, month + 1, min(day.day, 28))


def breach_class(p):
    """As conf/law/classes.conf has it; None where it does not decide."""
    if any(k in p.kinds for k in ("吊销许可证", "吊销执照", "限制从业")):
        return "serious"
    if any(k.startswith("没收") for k in p.kinds):
        return "general"
    return "minor" if set(p.kinds) <= {"警告", "通报批评"} else None


def publicity_limit(p):
    """The last lawful day of publicity by the decree of the decision's day; None: not limited."""
    own = "市场监督管理" in p.agency.name and p.decided >= datetime.date(2025, 12, 25)
    if not own and p.decided <= datetime.date(2026, 3, 31):
        return months_later(p.decided, 36)
    months = {"minor": 3, "general": 12, "serious": 36}.get(breach_class(p))
    return months and months_later(p.decided, months)


def lawful(p, wanted):
    limit = publicity_limit(p)
    return wanted if wanted is None or limit is None else min(wanted, limit)


def yuan_text(fen):
    return f"{fen // 100}.{fen % 100:02d}".rstrip("0").rstrip(".")


def penalty(rng, i, subject, template, amounts):
    """`amounts` is a shared iterator, so that every amount of the table turns up."""
    agency_no, kind, facts, basis, kinds, content = template
    decided = TODAY - datetime.timedelta(days=rng.randrange(20, 300))
    p = Penalty(subject, texts.AGENCIES[agency_no], 100 + i, decided)
    p.violation, p.facts, p.basis, p.kinds = kind, facts, basis, kinds.split(";")
    if "罚款" in p.kinds:
        p.fine = next(amounts)
    if "没收违法所得" in p.kinds:
        p.income = next(amounts)
    if "没收非法财物" in p.kinds:
        p.goods = next(amounts)
    if any(k.startswith(("暂扣", "吊销", "降低")) for k in p.kinds):
        p.licence = texts.LICENCES[agency_no].format(n=i + 1)
    p.content = content.format(fine=yuan_text(p.fine or 0), taken=yuan_text(p.taken or 0), licence=p.licence)
    p.valid_to = LONG if i % 3 else years_later(decided, 3)
    p.publicity_to = lawful(p, (years_later(decided, 3), LONG, None)[i % 3])
    p.rep_document = i % 4 == 1
    p.summary = "警告" in p.kinds and len(p.kinds) == 1
    p.remark = ("", "", "当事人已缴纳罚款" if p.fine else "", "见附件 A&B")[i % 4]
    return p


def permit(rng, i, subject, template):
    agency_no, document, certificate, kind, content, years = template
    decided = TODAY - datetime.timedelta(days=rng.randrange(20, 300))
    p = Permit(subject, texts.AGENCIES[agency_no], 200 + i, decided)
    p.document, p.kind, p.content = document, kind, content
    if certificate:
        p.certificate, p.certificate_no = certificate, f"{p.agency.area}9{i:06d}"
    if certificate and i % 9 == 4:
        p.wsh = p.certificate_no  # D6: no document number
    p.valid_from = decided if i % 5 else decided + datetime.timedelta(days=7)
    p.valid_to = years_later(p.valid_from, years) if years else LONG
    p.state = "2" if i % 13 == 12 else "1"
    p.rep_document = i % 4 == 1
    p.remark = ("", "告知承诺方式办理", "")[i % 3]
    return p
