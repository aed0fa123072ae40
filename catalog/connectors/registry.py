"""Every kind of host we can ask, by the name that stands in `Host.connector`."""

from importlib import import_module

from catalog.connectors.base import Connection, Kind
from foundry.lib.errors import Invalid

# One line per connector: the file in this folder that holds it, which is also its name.
NAMES = (
    "anthropic",
    "azure",
    "bedrock",
    "cohere",
    "deepseek",
    "github_models",
    "google",
    "groq",
    "huggingface",
    "manual",
    "meta",
    "mistral",
    "ollama",
    "openai",
    "openai_compatible",
    "openrouter",
    "reference",
    "together",
    "vllm",
    "xai",
)


def kind_in(name: str) -> type[Kind]:
    """The one kind of host that the file `name` defines under that name."""
    own = vars(import_module(f"catalog.connectors.{name}")).values()
    [kind] = [each for each in own if isinstance(each, type) and issubclass(each, Kind) and named(each, name)]
    return kind


def named(kind: type[Kind], name: str) -> bool:
    return getattr(kind, "name", "") == name


CONNECTORS: dict[str, type[Kind]] = {name: kind_in(name) for name in NAMES}


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
