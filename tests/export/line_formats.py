"""Readers of CEF, LEEF and syslog that take nothing but what the specifications allow."""

import re

SYSLOG = re.compile(
    r"<(?P<pri>[1-9]\d{0,2})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48})"
    r" (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32}) (?P<data>-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: (?P<message>.*))?",
    re.DOTALL,
)
PARAMETER = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"')
PAIR = re.compile(r"([A-Za-z0-9]+)=((?:[^=\\]|\\[=\\n r])*?)(?: (?=[A-Za-z0-9]+=)|$)")


def read_syslog(line: str) -> tuple[dict[str, str], list[tuple[str, str]], str]:
    """(header, parameters of the one element, message without its mark)."""
    found = SYSLOG.fullmatch(line)
    assert found, line
    data = found["data"]
    if data == "-":
        return found.groupdict(), [], found["message"]
    assert data.startswith("[incident@32473 "), data
    inside = data[len("[incident@32473") : -1]
    pairs = list(PARAMETER.finditer(inside))
    assert "".join(pair[0] for pair in pairs) == inside
    assert found["message"].startswith("\ufeff")
    return found.groupdict(), [(pair[1], re.sub(r"\\(.)", r"\1", pair[2])) for pair in pairs], found["message"][1:]


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """(the seven values of the header, extension)."""
    _, _, message = read_syslog(line)
    parts = _columns(message)
    assert parts[0] == "CEF:0"
    assert len(parts) == 8, message
    extension, end = {}, 0
    for pair in PAIR.finditer(parts[7]):
        assert pair.start() == end, parts[7][end:]
        assert pair[1] not in extension
        extension[pair[1]] = re.sub(r"\\(.)", r"\1", pair[2])
        end = pair.end()
    assert end == len(parts[7]), parts[7][end:]
    return [re.sub(r"\\(.)", r"\1", part) for part in parts[:7]], extension


def _columns(message: str) -> list[str]:
    """Split at the first seven pipes that no backslash stands before."""
    parts, start, place = [], 0, 0
    while place < len(message) and len(parts) < 7:
        if message[place] == "|":
            parts.append(message[start:place])
            start = place + 1
        place += 2 if message[place] == "\\" else 1
    return [*parts, message[start:]]


def read_leef(line: str) -> tuple[list[str], dict[str, str]]:
    """(the header, attributes)."""
    _, _, message = read_syslog(line)
    *header, delimiter, attributes = message.split("|", 6)
    assert header[0] == "LEEF:2.0"
    assert delimiter == "x09"
    pairs = [attribute.split("=", 1) for attribute in attributes.split("\t")]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", key) for key, _ in pairs)
    assert len(dict(pairs)) == len(pairs)
    return header, dict(pairs)
