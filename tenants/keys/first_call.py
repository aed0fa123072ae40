"""What a team needs to make its first call under a grant, and whether it came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from tenants.access.models import Grant
from tenants.keys.models import ApiKey

VARIABLE = "FOUNDRY_KEY"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to call. :param text: as it is pasted."""

    label: str
    text: str


def first_call(grant: Grant, secret: str | None, at: datetime) -> dict[str, Any]:
    """For the fragment: keys that carry the grant, snippets, and the first call once the ledger has it."""
    carries = Q(grants=None) | Q(grants=grant)
    keys = ApiKey.objects.live(at).filter(carries, application__grants=grant).distinct()
    return {
        "secret": secret,
        "keys": keys.select_related("application")[:5],
        "applications": grant.applications.all(),
        "base_url": f"{settings.GATEWAY_URL}/v1",
        "model": str(grant.offer.model),
        "exact_model": grant.offer.call_name,
        "snippets": snippets(str(grant.offer.model), secret),
        "called_at": import_string(settings.FIRST_CALL_OF_GRANT)(grant.pk),
        "live": grant.state(at) == "live",
    }


def snippets(model: str, secret: str | None) -> list[Snippet]:
    """Without a secret the key is read from the environment, so that either text works as it is pasted."""
    key = secret or f"${VARIABLE}"
    top = "" if secret else "import os\n\n"
    api_key = f'"{secret}"' if secret else f'os.environ["{VARIABLE}"]'
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
    url = f"{settings.GATEWAY_URL}/v1"
    return [
        Snippet(
            "curl",
            f'curl -s {url}/chat/completions \\\n  -H "Authorization: Bearer {key}" \\\n'
            f"  -H 'Content-Type: application/json' \\\n  -d '{body}'",
        ),
        Snippet(
            "Python",
            f"{top}from openai import OpenAI\n\n"
            f'client = OpenAI(\n    base_url="{url}",\n    api_key={api_key},\n)\n'
            "answer = client.chat.completions.create(\n"
            f'    model="{model}",\n    messages=[{{"role": "user", "content": "Hello"}}],\n)\n'
            "print(answer.choices[0].message.content)",
        ),
    ]
