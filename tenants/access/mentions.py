"""`@mia` in a text: the person whose address begins so, if they may read the request."""

import re

from foundry.lib.errors import Invalid
from foundry.people.models import User
from tenants.access.models import Request

MENTION = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9])(?![\w@])", re.IGNORECASE)
AT_MOST = 10


def mentioned(text: str, request: Request) -> list[User]:
    """Everybody whom the text mentions. Raises Invalid for somebody who is not there or may not read the request."""
    names = list(dict.fromkeys(name.lower() for name in MENTION.findall(text)))[:AT_MOST]
    found = []
    for name in names:
        person = User.objects.filter(email__startswith=f"{name}@", is_active=True).order_by("pk").first()
        if person is None or not Request.objects.seen_by(person).filter(pk=request.pk).exists():
            raise Invalid(
                "request.mention",
                f"@{name} is nobody who reads this request.",
                remedy="Mention members of the team and approvers by the first part of their address.",
                errors={"text": f"@{name} is nobody who reads this request."},
            )
        found.append(person)
    return found
