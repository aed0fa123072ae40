"""Who made a model, from the many ways in which hosts write a maker's name."""

import re

from catalog.connectors.reading import slug

# Written form (as a slug) -> our slug. What is not here keeps its own slug.
ALIASES = {
    "x-ai": "xai", "x.ai": "xai", "grok": "xai", "openai-decisions": "openai", "azure-openai": "openai",
    "system": "openai", "openai-internal": "openai",
    "meta-llama": "meta", "meta-models": "meta", "codellama": "meta", "facebook": "meta",
    "mistral-ai": "mistral", "mistralai": "mistral", "deepseek-ai": "deepseek", "ai21-labs": "ai21",
    "ai21labs": "ai21", "google-deepmind": "google", "qwen": "alibaba", "alibaba-cloud": "alibaba",
    "z-ai": "zai", "z.ai": "zai", "zai-org": "zai", "zhipuai": "zai", "thudm": "zai",
    "moonshot": "moonshotai", "moonshot-ai": "moonshotai", "minimaxai": "minimax", "cohereforai": "cohere",
    "black-forest-labs": "black-forest-labs", "stability-ai": "stability", "stabilityai": "stability",
    "ibm-granite": "ibm", "togethercomputer": "together", "arcee-ai": "arcee", "01-ai": "zero-one-ai",
    "bytedance-seed": "bytedance", "xiaomimimo": "xiaomi", "rekaai": "reka", "allenai": "ai2",
}  # fmt: skip

TITLES = {
    "xai": "xAI", "openai": "OpenAI", "meta": "Meta", "deepseek": "DeepSeek", "microsoft": "Microsoft",
    "mistral": "Mistral AI", "cohere": "Cohere", "black-forest-labs": "Black Forest Labs",
    "ai21": "AI21 Labs", "core42": "Core42", "anthropic": "Anthropic", "google": "Google",
    "alibaba": "Alibaba (Qwen)", "amazon": "Amazon", "zai": "Z.ai", "moonshotai": "Moonshot AI",
    "minimax": "MiniMax", "nvidia": "NVIDIA", "ibm": "IBM", "stability": "Stability AI",
    "voyageai": "Voyage AI", "ai2": "Ai2", "zero-one-ai": "01.AI", "baai": "BAAI", "nousresearch": "Nous Research",
    "bytedance": "ByteDance", "sandbox": "Foundry sandbox", "unknown": "Maker not told",
}  # fmt: skip

FAMILIES: list[tuple[str, str]] = [
    (r"gpt|o[134](-|$)|chatgpt|davinci|text-embedding-|whisper|dall-e|tts-|codex|babbage|ada$|curie", "openai"),
    (r"claude", "anthropic"), (r"grok", "xai"), (r"deepseek", "deepseek"),
    (r"(meta-)?(code)?llama|muse-spark", "meta"), (r"gemini|gemma|palm|imagen|veo", "google"),
    (r"mistral|mixtral|codestral|ministral|magistral|devstral|pixtral|voxtral", "mistral"),
    (r"qwen|qwq|qvq", "alibaba"), (r"phi-|mai-|wizardlm", "microsoft"), (r"command|c4ai|embed-v|rerank", "cohere"),
    (r"kimi|moonshot", "moonshotai"), (r"glm|chatglm", "zai"), (r"minimax|m2-her", "minimax"),
    (r"nova-|titan", "amazon"), (r"jamba|j2-", "ai21"), (r"nemotron", "nvidia"), (r"granite", "ibm"),
    (r"sonar|pplx|r1-1776", "perplexity"), (r"jais", "core42"), (r"bge-", "baai"), (r"voyage", "voyageai"),
    (r"flux", "black-forest-labs"), (r"stable-", "stability"), (r"hermes", "nousresearch"),
]  # fmt: skip


def publisher(told: str) -> tuple[str, str]:
    """(slug, name) of a maker as a host writes it."""
    short = slug(told.lstrip("~@"))
    known = ALIASES.get(short, short) or "unknown"
    return known, TITLES.get(known, told.strip() or TITLES["unknown"])


def maker_by_family(model: str) -> tuple[str, str] | None:
    """(slug, name) of the maker whose model family a bare model name starts with, or None."""
    bare = model.lower()
    for pattern, known in FAMILIES:
        if re.match(pattern, bare):
            return known, TITLES.get(known, known.title())
    return None
