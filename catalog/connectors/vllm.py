"""vLLM on one's own machines: the OpenAI list with `max_model_len`, and adapters that name their base as `parent`.

Source: vLLM's published OpenAI-compatible server. `root` is what was loaded; `owned_by` is always `vllm`, so the maker is
found in the name of what was loaded. No prices.
"""

from dataclasses import replace
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import OfferRow
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import prose


class VLLM(OpenAICompatible):
    name: ClassVar[str] = "vllm"
    label: ClassVar[str] = "vLLM"
    base_url: ClassVar[str] = "http://localhost:8000/v1"
    credential_hint: ClassVar[str] = "None, or the server's --api-key."

    def offer(self, row: dict[str, Any]) -> OfferRow:
        facts = {"loaded": prose(row.get("root"), 200), "adapter_of": prose(row.get("parent"), 200)}
        return replace(super().offer(row), capabilities={name: text for name, text in facts.items() if text})

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        """From the served name, or from what stands behind it; a path on a disk names nobody."""
        for text in (told, prose(row.get("parent"), 200), prose(row.get("root"), 200)):
            if "/" in text and not text.startswith(("/", ".")):
                return super().maker({}, text)[0], told.rpartition("/")[2]
        return names.maker_by_family(told) or ("unknown", names.TITLES["unknown"]), told
