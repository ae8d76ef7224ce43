"""Who is the client of a call: one principal, chosen by precedence, with its kind before the id."""

from collections.abc import Sequence

# The canonical column behind each kind of principal.
COLUMNS = {"user": "user_id", "key": "api_key_id", "email": "user_email", "arn": "user_arn", "ip": "client_ip"}

# Shapes of live credentials that gateways log by mistake: provider keys, bearer tokens, JSON web tokens.
_CREDENTIAL = r"^(bearer |basic )|^(sk|pk|rk|xai|gsk|hf|ghp|glpat|AKIA|ASIA|AIza)[-_A-Za-z0-9]{16,}$|^eyJ[-_A-Za-z0-9]+\.eyJ"


def client_sql(precedence: Sequence[str]) -> str:
    """SQL for ``client_id`` over a relation with the columns of `COLUMNS`; ``unknown:`` where none is filled."""
    choices = ", ".join(f"'{kind}:' || {COLUMNS[kind]}" for kind in precedence)
    return f"coalesce({choices}, 'unknown:')"


def without_secret(column: str) -> str:
    """SQL that replaces a value that looks like a credential by its keyed hash, before anything is written."""
    return f"case when regexp_matches({column}, '{_CREDENTIAL}', 'i') then 'hmac:' || keyed_hash({column}) else {column} end"
