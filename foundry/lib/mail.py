"""A mail server named as a URL."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from foundry.lib.env import BadSetting


@dataclass(frozen=True, slots=True)
class MailServer:
    """:param starttls: turn to TLS after connecting; `ssl`: TLS from the first byte."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    ssl: bool


def mail_server(url: str) -> MailServer | None:
    """What `smtp://…` or `smtps://…` names; None for an empty text. Raises BadSetting in words."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadSetting("FOUNDRY_MAIL_URL is no URL.") from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise BadSetting("FOUNDRY_MAIL_URL must look like smtp://user:password@host:587/?tls=1 or smtps://…")
    ssl = parts.scheme == "smtps"
    tls = parse_qs(parts.query).get("tls", ["0"])[0] == "1"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, port or (465 if ssl else 25), user, password, tls and not ssl, ssl)
