"""GitHub Models: the catalog as a bare array. No prices and no dates; a tier says how often one may call.

Source: a recorded listing of `models.github.ai/catalog/models` of 2025. An id is `publisher/name`.
"""

from dataclasses import replace
from typing import Any, ClassVar

from catalog.connectors.base import OfferRow
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import count_of, prose, words_of


class GitHubModels(OpenAICompatible):
    name: ClassVar[str] = "github_models"
    label: ClassVar[str] = "GitHub Models"
    base_url: ClassVar[str] = "https://models.github.ai/catalog"
    credential_hint: ClassVar[str] = "A token with the right to read models."

    def headers(self, credential: str) -> dict[str, str]:
        return {**super().headers(credential), "accept": "application/vnd.github+json"}

    def offer(self, row: dict[str, Any]) -> OfferRow:
        limits = row["limits"] if isinstance(row.get("limits"), dict) else {}
        told = (
            *words_of(row.get("supported_input_modalities")),
            *words_of(row.get("supported_output_modalities")),
        )
        facts = {
            "rate_limit_tier": prose(row.get("rate_limit_tier"), 60),
            "tags": ", ".join(sorted(words_of(row.get("tags")))),
            "capabilities": ", ".join(sorted(words_of(row.get("capabilities")))),
        }
        return replace(
            super().offer(row),
            context_tokens=count_of(limits.get("max_input_tokens")),
            max_output_tokens=count_of(limits.get("max_output_tokens")),
            capabilities={name: text for name, text in facts.items() if text},
            modalities=tuple(sorted({word.replace("embeddings", "embedding")[:20] for word in told})),
            description=prose(row.get("summary")),
        )
