"""The product without the words by which it knows refusals: takes what `forensics` takes. `evaluate.py --wordless` runs it.

What is left of them is what the log says (content filters, guardrails) and answers that everybody is given.
"""

from forensics.cli import main
from forensics.ingest import content

MACRO = "create or replace temp macro is_refusal(answer) as"

if __name__ == "__main__":
    before, _, rest = content._SQL["macros"].partition(MACRO)
    _, found, after = rest.partition("));")
    assert found
    content._SQL["macros"] = f"{before}{MACRO} false;{after}"
    main()
