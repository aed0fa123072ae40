"""Every kind of host we can ask, by the name that stands in `Host.connector`."""

from catalog.connectors.anthropic import Anthropic
from catalog.connectors.azure import Azure
from catalog.connectors.base import Connection, Kind
from catalog.connectors.bedrock import Bedrock
from catalog.connectors.deepseek import DeepSeek
from catalog.connectors.google import Google
from catalog.connectors.manual import Manual
from catalog.connectors.meta import Meta
from catalog.connectors.mistral import Mistral
from catalog.connectors.openai import OpenAI
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.openrouter import OpenRouter
from catalog.connectors.reference import Reference
from catalog.connectors.xai import XAI
from foundry.lib.errors import Invalid

KINDS: tuple[type[Kind], ...] = (
    Anthropic,
    Azure,
    Bedrock,
    Manual,
    DeepSeek,
    Meta,
    Mistral,
    OpenAI,
    Google,
    OpenAICompatible,
    OpenRouter,
    Reference,
    XAI,
)
CONNECTORS: dict[str, type[Kind]] = {kind.name: kind for kind in KINDS}


def kind_of(name: str) -> type[Kind]:
    """The connector named `name`. Raises Invalid for one that is not there."""
    if name not in CONNECTORS:
        raise Invalid(
            "host.connector",
            f"There is no connector '{name}'.",
            remedy=f"Use one of {', '.join(sorted(CONNECTORS))}.",
            errors={"connector": "Unknown."},
        )
    return CONNECTORS[name]


def connect(name: str, connection: Connection) -> Kind:
    return kind_of(name)(connection)
