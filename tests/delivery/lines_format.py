"""The simplest export format that delivery can be tested with: one JSON object for each revision, or many in one body."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from forensics.export.interface import Field, Message, Outgoing, Receipt


def line(outgoing: Outgoing) -> bytes:
    value = {"key": outgoing.key, "action": outgoing.action} | asdict(outgoing.incident)
    return json.dumps(value, default=datetime.isoformat, sort_keys=True).encode()


@dataclass(frozen=True)
class Lines:
    """``bulk``: all revisions in one message; the answer is {"key": status}."""

    name: str = "lines"
    media_type: str = "application/x-ndjson"
    suffix: str = ".ndjson"
    whole: bool = False
    fields: tuple[Field, ...] = ()
    bulk: bool = False

    def render(self, outgoing: Sequence[Outgoing]) -> Iterator[Message]:
        if self.bulk:
            yield Message(b"".join(line(o) + b"\n" for o in outgoing), tuple(o.key for o in outgoing))
        else:
            yield from (Message(line(o), (o.key,)) for o in outgoing)

    def receipt(self, message: Message, status: int, answer: bytes) -> Receipt:
        if status >= 300:
            return Receipt(refused=dict.fromkeys(message.keys, f"{status} {answer.decode()}"))
        if not self.bulk:
            return Receipt(delivered=message.keys)
        said = json.loads(answer)
        return Receipt(
            delivered=tuple(k for k in message.keys if said[k] in (201, 409)),
            retry={k: str(said[k]) for k in message.keys if said[k] in (429, 503)},
            refused={k: str(said[k]) for k in message.keys if said[k] == 400},
        )


LINES, BULK, WHOLE = Lines(), Lines(name="bulk", bulk=True), Lines(name="whole", whole=True, bulk=True)
ALL = {fmt.name: fmt for fmt in (LINES, BULK, WHOLE)}
