"""Packages: the bytes around the records. Names are those at the top of the files of conf/formats/; they stand here and
nowhere else."""
import hashlib
import json
import uuid
from xml.sax.saxutils import escape

XML_ROOT, XML_HEADER, XML_BODY, XML_RECORD = "package", "head", "body", "record"


def xml_record(fields):
    """One record: fields in table order, every column present, empty ones as empty elements."""
    lines = [f"<{XML_RECORD}>"]
    for code, value in fields:
        lines.append(f"  <{code}>{escape(value)}</{code}>")
    lines.append(f"</{XML_RECORD}>")
    return "\n".join(lines)


def json_record(fields, absent=""):
    """All values are texts; what is absent is written as `absent`."""
    return json.dumps({code: value or absent for code, value in fields}, ensure_ascii=False, separators=(",", ":"))


def digest(records):
    """Over the bytes of the record elements, one after the other."""
    return hashlib.sha256("".join(records).encode()).hexdigest()


def header(guid, resource, sender, receiver, area, count, body_digest, mode="增量"):
    return [("guid", guid), ("version", "1.0"), ("sender", sender), ("receiver", receiver), ("resource", resource),
            ("area", area), ("timestamp", "2026-11-23T08:00:00+08:00"), ("mode", mode), ("count", str(count)),
            ("digest", body_digest)]


def xml_package(records, *, resource, sender, receiver, area, name, count=None, body_digest=None, bom=False):
    guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"xinqiao-test:{name}"))
    head = header(guid, resource, sender, receiver, area, len(records) if count is None else count,
                  digest(records) if body_digest is None else body_digest)
    out = ["\ufeff" if bom else "", '<?xml version="1.0" encoding="UTF-8"?>\n', f"<{XML_ROOT}>\n", f"<{XML_HEADER}>\n"]
    out += [f"<{code}>{escape(value)}</{code}>\n" for code, value in head]
    out += [f"</{XML_HEADER}>\n<{XML_BODY}>\n"]
    out += [r + "\n" for r in records]
    out += [f"</{XML_BODY}>\n</{XML_ROOT}>\n"]
    return "".join(out)


def zhejiang_package(records):
    return ('{"code":"00","msg":"成功","datas":[\n' + ",\n".join(records) + f'\n],"dataCount":"{len(records)}"}}\n')


def suzhou_package(records):
    return ('{"resultCode":"200","resultMsg":"成功","data":[\n' + ",\n".join(records) + f'\n],"total":"{len(records)}"}}\n')
