"""S3 and what speaks like it: one object for each message, named by its keys, so that sending again replaces it by itself.

Credentials are those that boto3 finds: variables of the environment, the shared file, the role of the machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from forensics.export.interface import Answer, Message, Sink, Target
from forensics.export.sinks.file import named_by
from forensics.model.errors import UsageError


class _Objects:
    def __init__(self, client: Any, target: Target) -> None:
        parts = urlsplit(target.url)
        self._client = client
        self._bucket, self._prefix = parts.netloc, parts.path.lstrip("/")
        self._target = target

    def send(self, message: Message) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError

        name = self._prefix + named_by(message, self._target.suffix)
        try:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=message.body, ContentType=self._target.media_type)
        except ClientError as error:
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
            return Answer(status, str(error.response.get("Error", {}).get("Code", "")).encode())
        except BotoCoreError as error:
            raise ConnectionError(f"{type(error).__name__} at {self._target.shown}") from None
        return Answer()


class S3Sink:
    """s3://bucket/prefix"""

    schemes = ("s3",)
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        """Raises:
        UsageError: boto3 is not installed.
        """
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise UsageError("s3:// needs boto3", where=target.shown, hint="pip install 'model-api-forensics[s3]'") from None
        once = Config(
            retries={"total_max_attempts": 1},  # delivery has a back-off of its own
            connect_timeout=target.timeout,
            read_timeout=target.timeout,
            proxies={"http": target.proxy, "https": target.proxy} if target.proxy else None,
        )
        client = boto3.session.Session().client("s3", endpoint_url=target.endpoint, verify=target.ca_file, config=once)
        yield _Objects(client, target)


SINK = S3Sink()
