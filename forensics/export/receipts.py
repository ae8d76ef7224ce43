"""What HTTP answers mean for the revisions of a message."""

from forensics.export.interface import Message, Receipt
from forensics.export.text import one_line

# About the connection or the moment, not about the message: the same message may pass later. 401, 403 and 407 belong here because an
# expired token must not cost a night's incidents.
PASSING = frozenset({401, 403, 407, 408, 425, 429})


def passes_later(status: int) -> bool:
    return status in PASSING or status >= 500


def by_status(message: Message, status: int, answer: bytes) -> Receipt:
    """One verdict for the whole message: 2xx delivered, `PASSING` and 5xx again, everything else refused for good."""
    if 200 <= status < 300:
        return Receipt(delivered=message.keys)
    return for_all(message, reason(status, answer), again=passes_later(status))


def for_all(message: Message, why: str, *, again: bool) -> Receipt:
    """No revision of the message arrived, for one reason."""
    said = dict.fromkeys(message.keys, why)
    return Receipt(retry=said) if again else Receipt(refused=said)


def reason(status: int, answer: bytes) -> str:
    """Status and the beginning of the answer, which is a stranger's text."""
    text = one_line(answer[:1000].decode("utf-8", "replace").strip(), 300)
    return f"HTTP {status}: {text}" if text else f"HTTP {status}"
