"""One function per format: a case -> (code, value) in the order of the format's table, as that sender writes it."""
from cases import LONG
from ids import FILLER
from texts import DATA_CENTRE


def slash(day):
    return "2099/12/31" if day == LONG else day.strftime("%Y/%m/%d") if day else ""


def dash(day):
    return "2099-12-31" if day == LONG else day.strftime("%Y-%m-%d") if day else ""


def stamp(day, clock="00:00:00"):
    return "9999-09-09 00:00:00" if day == LONG else f"{day:%Y-%m-%d} {clock}" if day else ""


def wan(fen, i):
    """Fen in ten thousand yuan. Exports differ: shortest, six decimals (the column's scale), two where that is exact."""
    if fen is None:
        return ""
    full = f"{fen // 1000000}.{fen % 1000000:06d}"
    short = full.rstrip("0").rstrip(".")
    if i % 3 == 1:
        return full
    if i % 3 == 2 and full.endswith("0000"):
        return full[:-4]
    return short


def yuan(fen, i):
    if fen is None:
        return ""
    full = f"{fen // 100}.{fen % 100:02d}"
    return full[:-3] if i % 3 == 1 and fen % 100 == 0 else full


def organisation(prefix, s, case):
    rep = s.rep if case.rep_document else None
    return [(f"{prefix}_XDR_MC", s.name), (f"{prefix}_XDR_LB", s.category), (f"{prefix}_XDR_SHXYM", s.uscc),
            (f"{prefix}_XDR_GSZC", s.regno), (f"{prefix}_XDR_ZZJG", s.orgcode), (f"{prefix}_XDR_SWDJ", s.taxno),
            (f"{prefix}_XDR_SYDW", s.sydw), (f"{prefix}_XDR_SHZZ", s.shzz), (f"{prefix}_FRDB", s.rep.name),
            (f"{prefix}_FR_ZJLX", rep.doc_kind if rep else ""), (f"{prefix}_FR_ZJHM", rep.doc_number if rep else "")]


def person(prefix, s):
    return [(f"{prefix}_XDR_MC", s.name), (f"{prefix}_XDR_LB", "自然人"), (f"{prefix}_XDR_ZJLX", s.doc_kind),
            (f"{prefix}_XDR_ZJHM", s.doc_number)]


def is_person(s):
    return not hasattr(s, "rep")


def national_penalty(p, i):
    who = person("CF", p.subject) if is_person(p.subject) else organisation("CF", p.subject, p)
    source = DATA_CENTRE if i % 5 == 3 else p.agency
    return who + [
        ("CF_WSH", p.wsh), ("CF_WFXW", p.violation), ("CF_SY", p.facts), ("CF_YJ", p.basis),
        ("CF_CFLB", ";".join(p.kinds)), ("CF_NR", p.content), ("CF_NR_FK", wan(p.fine, i)), ("CF_NR_WFFF", wan(p.taken, i)),
        ("CF_NR_ZKDX", p.licence), ("CF_JDRQ", slash(p.decided)), ("CF_YXQ", slash(p.valid_to)),
        ("CF_GSJZQ", slash(p.publicity_to)), ("CF_CFJG", p.agency.name), ("CF_CFJGDM", p.agency.uscc),
        ("CF_SJLY", source.name), ("CF_SJLYDM", source.uscc), ("BZ", p.remark)]


def national_permit(p, i):
    who = person("XK", p.subject) if is_person(p.subject) else organisation("XK", p.subject, p)
    source = DATA_CENTRE if i % 5 == 3 else p.agency
    return who + [
        ("XK_XKWS", p.document), ("XK_WSH", p.wsh), ("XK_XKLB", p.kind), ("XK_XKZS", p.certificate), ("XK_XKBH", p.certificate_no),
        ("XK_NR", p.content), ("XK_JDRQ", slash(p.decided)), ("XK_YXQZ", slash(p.valid_from)), ("XK_YXQZI", slash(p.valid_to)),
        ("XK_XKJG", p.agency.name), ("XK_XKJGDM", p.agency.uscc), ("XK_ZT", p.state), ("XK_LYDW", source.name),
        ("XK_LYDWDM", source.uscc), ("BZ", p.remark)]


def subject_code(s):
    """Dialects that keep all subjects' numbers in one column; there a sole trader without a code is its registration number."""
    return s.doc_number if is_person(s) else s.regno if s.uscc == FILLER else s.uscc


def zhejiang_penalty(p, i):
    s = p.subject
    rep = None if is_person(s) else s.rep
    cert = s.doc_kind if is_person(s) else "工商注册号" if s.uscc == FILLER else "统一社会信用代码"
    return [
        ("PUNISH_BASE_INFO_CODE", f"CFJB2026{p.number:08d}"), ("PUNISH_CASE_CODE", f"{p.agency.area}20260{p.number:06d}"),
        ("CASE_PROCESS_TYPE", "01" if p.summary else "02"), ("PUNISH_ACTION_NAME", f"对{p.violation}的处罚"),
        ("ILLEGAL_FACT", p.facts), ("ILLEGAL_BASIS", p.basis), ("PUNISH_TYPE", ";".join(p.kinds)),
        ("PUNISH_DOCUMENT_CODE", p.wsh), ("ADMIN_CP_TYPE", "自然人" if is_person(s) else s.category), ("ADMIN_CP_NAME", s.name),
        ("ADMIN_CP_CERT_TYPE", cert), ("ADMIN_CP_CERT_CODE", subject_code(s)),
        ("LEGAL_REPRESENT_TYPE", rep.doc_kind if rep and p.rep_document else ""), ("LEGAL_REPRESENT", rep.name if rep else ""),
        ("LEGAL_REPRESENT_IDCARD", rep.doc_number if rep and p.rep_document else ""), ("PUNISH_CONTENT", p.content),
        ("PUNISH_BASIS", p.basis), ("FINE", yuan(p.fine, i)), ("CONFISCATE_ILLEGAL_INCOM", yuan(p.income, i)),
        ("CONFISCATE_ILLEGAL_ASSET", yuan(p.goods, i)), ("SET_TIME", stamp(p.decided, f"{9 + i % 8:02d}:30:00" if i % 2 else "00:00:00")),
        ("PUBLIC_DATE", stamp(p.decided) if i % 4 else ""), ("PUBLIC_END_DATE", stamp(p.publicity_to)),
        ("PUBLICSTATUS", "已公示"), ("CUTREASON", ""), ("ISCANCELCASE", "0" if i % 3 else "")]


def suzhou_penalty(p, i):
    s = p.subject
    return [
        ("ADM_COUNTERPART", s.name), ("ADM_COUNTERPART_CAT", "自然人" if is_person(s) else s.category), ("CERT_NUM", subject_code(s)),
        ("ADM_PENALTY_DECIDE_NUM", p.wsh), ("PUNISHMENT_BASIS", p.basis), ("PUNISHMENT_CATEGORY", ";".join(p.kinds)),
        ("PUNISHMENT_CONTENT", p.content), ("PENALTY", wan(p.fine, i)), ("ILLEGAL_INCOME", wan(p.taken, i)),
        ("LICENSE_NAME_NUM", p.licence), ("PUNISHMENT_DEC_DATE", dash(p.decided)), ("PUNISHMENT_VAILD_DATE", dash(p.valid_to)),
        ("PUBLIC_DEADLINE", dash(p.publicity_to)), ("PUNISHMENT_AUTH", p.agency.name), ("PUNISHMENT_AUTH_USCC", p.agency.uscc),
        ("SOURCE_UNIT", p.agency.name), ("SOURCE_UNIT_USCC", p.agency.uscc), ("REMARK", p.remark),
        ("RIGHT_CODE", f"330206{p.number:06d}" if i % 2 else ""), ("USAGE_RANGE", ("0", "1", "2", "")[i % 4]),
        ("DISCREDIT_LEVEL", ("1", "2", "3", "")[i % 4])]


def suzhou_permit(p, i):
    s = p.subject
    return [
        ("ADM_COUNTERPART", s.name), ("ADM_COUNTERPART_CAT", "自然人" if is_person(s) else s.category), ("CERT_NUM", subject_code(s)),
        ("ADM_LIC_DECIDE_NUM", p.wsh), ("LICENSE_DEC_DATE", dash(p.decided)),
        ("SOURCE_CREATE_DATE", stamp(p.decided, "17:05:09") if i % 3 else ""), ("LICENSING_AUTH", p.agency.name),
        ("COLLECTION_DEPARTMENT", p.agency.name if i % 2 else "苏州市公共信用信息中心"), ("DOCKING_METHOD", ("接口", "前置库", "")[i % 3])]
