"""Groq lists what is not active, too."""

from catalog.connectors.base import OfferRow, Page
from tests.catalog.connectors.speaking import Speaking
from tests.fakes.listing import PAYLOADS, Bench, payload
from tests.fakes.provider import always, told

MODELS = payload("groq", "models")
BENCH = Bench(
    "groq",
    always(told(MODELS)),
    more={"one model of three": always(told({"data": MODELS["data"][:1]}))},
)


class TestGroq(Speaking):
    bench = BENCH


def offers() -> dict[str, OfferRow]:
    page = Page("u", (PAYLOADS / "groq" / "models.json").read_bytes())
    return {row.key: row for row in BENCH.connector().read(page).offers}


def test_a_model_that_is_not_active_is_listed_and_not_callable() -> None:
    why = {key: row.capabilities.get("not_callable") for key, row in offers().items()}
    assert why == {
        "openai/gpt-oss-120b": None,
        "llama-3.3-70b-versatile": None,
        "playai-tts": "it is not active",
    }


def test_its_context_and_its_maker_are_read() -> None:
    row = offers()["llama-3.3-70b-versatile"]
    assert (row.publisher, row.context_tokens, row.max_output_tokens) == ("meta", 131_072, 32_768)
    assert offers()["openai/gpt-oss-120b"].publisher == "openai"
