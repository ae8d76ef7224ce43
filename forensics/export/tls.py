"""TLS for every sink that has it: verified always, by the system's authorities or the configured ones."""

import ssl

from forensics.export.interface import Target
from forensics.model.errors import UsageError


def context(target: Target) -> ssl.SSLContext:
    """Raises:
    UsageError: a file of certificates or keys cannot be used.
    """
    where = target.ca_file
    try:
        made = ssl.create_default_context(cafile=target.ca_file)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if target.client_cert_file:
            where = target.client_cert_file
            # An encrypted key would ask the terminal for its passphrase, and a night has none.
            made.load_cert_chain(target.client_cert_file, target.client_key_file, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no certificates in it"
        raise UsageError(f"cannot be used for TLS: {reason}", where=where, hint="expected PEM; the key without a passphrase") from None
    return made
