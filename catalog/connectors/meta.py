"""Meta's Llama API: a list in OpenAI's shape of models that Meta made, whoever runs them. Dates and prices are not told.

Its calls are not in OpenAI's shape, but for those to `/compat/v1`, which has the same list.
Source: the types of the official client.
"""

from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.openai_compatible import OpenAICompatible


class Meta(OpenAICompatible):
    name: ClassVar[str] = "meta"
    label: ClassVar[str] = "Meta Llama API"
    base_url: ClassVar[str] = "https://api.llama.com/v1"
    reference_prices: ClassVar[bool] = True

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        return names.publisher("meta"), told
