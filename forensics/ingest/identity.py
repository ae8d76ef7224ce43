"""Who is the client of a call: one principal, chosen by precedence, with its kind before the id."""

from collections.abc import Sequence

# The canonical column behind each kind of principal.
COLUMNS = {"user": "user_id", "key": "api_key_id", "email": "user_email", "arn": "user_arn", "ip": "client_ip"}

# Columns that are kept as logged, and so might hold a credential that a gateway logged by mistake.
SHOWN = ("api_key_id", "user_id", "user_email", "user_arn", "org_id", "session_id", "user_agent", "endpoint")

# Shapes of live credentials: provider keys, bearer tokens, JSON web tokens; and the parameters of an address that carry one.
_CREDENTIAL = (
    r"^(bearer|basic) |\b(sk|pk|rk|xai|gsk|hf|ghp|glpat)[-_][-_A-Za-z0-9]{16,}|\b(AKIA|ASIA|AIza)[-_A-Za-z0-9]{12,}|eyJ[-_A-Za-z0-9]+\.eyJ"
)
_PARAMETER = r"([?&](?:api[-_]?key|key|token|access_token|sig|signature)=)[^&#]+"


def client_sql(precedence: Sequence[str]) -> str:
    """SQL for ``client_id`` over a relation with the columns of `COLUMNS`; ``unknown:`` where none is filled."""
    choices = ", ".join(f"'{kind}:' || {COLUMNS[kind]}" for kind in precedence)
    return f"coalesce({choices}, 'unknown:')"


def without_secret(column: str) -> str:
    """SQL that replaces a value that looks like a credential by its keyed hash, before anything is written."""
    if column == "endpoint":
        return f"regexp_replace(endpoint, '{_PARAMETER}', '\\1hidden', 'gi')"
    return f"case when regexp_matches({column}, '{_CREDENTIAL}', 'i') then 'hmac:' || keyed_hash({column}) else {column} end"
