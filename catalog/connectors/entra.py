"""Tokens for an app of one's own at Microsoft Entra: its secret goes to the login authority and nowhere else."""

import time
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from catalog.connectors.base import Connection, ListingBroken, Page
from catalog.connectors.reading import count_of, parse_json
from foundry.lib.addresses import networks
from foundry.lib.http import Bounds, GuardedClient

# Where each cloud of Microsoft's signs its apps in; elsewhere (Azure Stack, a proxy) it is at the same address.
AUTHORITIES = {
    "management.azure.com": "https://login.microsoftonline.com",
    "management.usgovcloudapi.net": "https://login.microsoftonline.us",
    "management.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
BOUNDS = Bounds(body_bytes=2**18, deadline_s=30)
SPARE_S = 120  # a token is not used in its last two minutes


class Entra:
    """Signs requests with a token that it fetches when first needed, and again before it ends.

    :param secret: the app's client secret; the tenant and the client id stand in the connection's settings.
    """

    def __init__(self, connection: Connection, secret: str) -> None:
        parts = urlsplit(connection.base_url)
        self.resource = f"{parts.scheme}://{parts.netloc}"
        self.authority = AUTHORITIES.get(parts.hostname or "", self.resource)
        self.settings, self.trusted, self.secret = connection.settings, connection.trusted, secret
        self.token, self.ends = "", 0.0

    def __call__(self, url: str) -> Mapping[str, str]:
        """The header for one request. Raises OutwardError or ListingBroken when no token can be had."""
        if time.monotonic() > self.ends - SPARE_S:
            self.token, lasts_s = self.fetch()
            self.ends = time.monotonic() + lasts_s
        return {"authorization": f"Bearer {self.token}"}

    def fetch(self) -> tuple[str, int]:
        """(token, seconds that it lasts). Asked for once; whoever asked for the page tries again."""
        url = f"{self.authority}/{self.settings['tenant']}/oauth2/v2.0/token"
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.settings["client_id"],
            "client_secret": self.secret,
            "scope": f"{self.resource}/.default",
        }
        with GuardedClient(
            self.authority, headers=FORM, trusted=networks(self.trusted), bounds=BOUNDS
        ) as http:
            answer = http.post(url, urlencode(asked).encode())
        told = parse_json(Page(answer.url, answer.body, "token"))
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ListingBroken("token", "the login authority answered without a token", "Check the tenant.")
        return token, count_of(told.get("expires_in")) or SPARE_S
