"""Groq: the OpenAI list with `active` and `context_window`; several makers, no prices, no dates.

Source: a recorded listing of 2026. A model that is not active is listed and answers no call.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from catalog.connectors.base import NOT_CALLABLE, OfferRow
from catalog.connectors.openai_compatible import OpenAICompatible


class Groq(OpenAICompatible):
    name: ClassVar[str] = "groq"
    label: ClassVar[str] = "Groq"
    base_url: ClassVar[str] = "https://api.groq.com/openai/v1"
    final_codes: ClassVar[Mapping[str, str]] = {
        "organization_restricted": "The organisation is restricted.",
        "invalid_api_key": "Groq does not know this key.",
    }

    def offer(self, row: dict[str, Any]) -> OfferRow:
        asleep = {NOT_CALLABLE: "it is not active"} if row.get("active") is False else {}
        return replace(super().offer(row), capabilities=asleep)
