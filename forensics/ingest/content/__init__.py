"""Bodies of requests and responses, whatever API they belong to: one query per row, and the answer to it.

Read here: OpenAI chat, completions, responses and embeddings; Anthropic messages; Bedrock Converse and InvokeModel (Anthropic,
Titan, Llama, Mistral, Cohere); V1 ``instances``/``inputs``, data frames, V2 tensors; predictions with labels, scores and
log-probabilities. Every step is one SQL file that makes one temporary table from those before it; no text leaves DuckDB.

    calls -> bodies -> queries (chat, texts, rows, tensors) -> items
                    -> answers (generations, predictions)   ->
"""

from importlib.resources import files

import duckdb

STEPS = ("macros", "bodies", "queries", "answers", "items")
_SQL = {step: files(__package__).joinpath(f"{step}.sql").read_text(encoding="utf-8") for step in STEPS}


def install_content(connection: duckdb.DuckDBPyConnection) -> None:
    """Define the macros of the steps. Needs the keyed hashes and text shapes of `forensics.sketch`."""
    connection.execute(_SQL["macros"])


def read_bodies(connection: duckdb.DuckDBPyConnection) -> None:
    """From temporary table ``calls(call_no, operation, request, response)`` make ``bodies``, ``items`` and ``vectors``.

    bodies: call_no, q (request struct), a (response struct), request_state, response_state
    items: call_no, idx and the columns of `forensics.model.event.ITEMS` that a body decides
    vectors: call_no, idx, vector, names
    """
    for step in STEPS[1:]:
        connection.execute(_SQL[step])
