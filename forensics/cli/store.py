"""forensics compact"""

from forensics.cli import output
from forensics.cli.options import StoreOption, open_store


def compact(store: StoreOption = None) -> None:
    """Merge small Parquet parts of the store. Answers stay the same; replaced files go after a grace period."""
    opened = open_store(store)
    with opened.writing():
        merged = opened.compact()
        opened.publish_catalog()
    output.note(f"{merged} partitions compacted")
