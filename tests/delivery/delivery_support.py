"""What the tests of delivery import."""

from dataclasses import dataclass, field
from pathlib import Path

import trustme

from forensics.export.delivery import Clock


@dataclass
class Waits:
    """A clock whose sleeps are only counted."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(now=lambda: sum(self.slept), sleep=self.slept.append, share=lambda: 1.0)


@dataclass(frozen=True)
class Authority:
    ca: trustme.CA
    ca_file: Path
    cert: Path
    key: Path
    client_cert: Path
    client_key: Path
