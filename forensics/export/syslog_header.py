"""The header of RFC 5424 that ``syslog``, ``cef`` and ``leef`` begin with, so that each message stands alone on any transport.

How messages are told apart on a stream (octet counting, RFC 5425 and 6587) is the sink's business.
"""

from forensics.export.document import PRODUCT
from forensics.export.interface import Outgoing
from forensics.export.text import instant

# RFC 5424 has receivers take 2,048 bytes and advises 8,192; rsyslog's and syslog-ng's defaults are 8,192 and more.
LONGEST_MESSAGE = 8192

FACILITY = 13  # log audit
SEVERITY = {"informational": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}


def header(out: Outgoing) -> str:
    """``<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID``. The host is left to the receiver, who knows whom it hears."""
    priority = FACILITY * 8 + SEVERITY[out.incident.severity]
    return f"<{priority}>1 {instant(out.modified_at)} - {PRODUCT} - incident-{out.action}"
