"""A mail server is named by one URL; what is none stops the start and says what is wanted."""

import pytest

from foundry.lib.env import BadSetting
from foundry.lib.mail import MailServer, mail_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", None),
        ("smtp://mail.example", MailServer("mail.example", 25, "", "", False, False)),
        (
            "smtp://u%40x:p%2Fw@mail.example:587/?tls=1",
            MailServer("mail.example", 587, "u@x", "p/w", True, False),
        ),
        ("smtps://mail.example", MailServer("mail.example", 465, "", "", False, True)),
    ],
)
def test_a_url_names_a_server(url: str, server: MailServer | None) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:port"])
def test_what_names_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(BadSetting, match="FOUNDRY_MAIL_URL"):
        mail_server(url)
