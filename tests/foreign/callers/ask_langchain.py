"""langchain-openai through the gateway; prints what it was told, one JSON line per case."""

import json
import os

import openai
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

URL, KEY, SPENT = os.environ["URL"], os.environ["KEY"], os.environ["SPENT_KEY"]
DOT = {"type": "image_url", "image_url": {"url": os.environ["PICTURE"]}}


class City(BaseModel):
    city: str
    people: int


def get_weather(city: str) -> str:
    """Now, there."""
    return city


def model(key: str = KEY, name: str = "openai/gpt-4o", **more: object) -> ChatOpenAI:
    return ChatOpenAI(model=name, base_url=f"{URL}/v1", api_key=key, max_retries=0, **more)


def say(case: str, text: object, usage: dict | None = None) -> None:
    told = [usage["input_tokens"], usage["output_tokens"]] if usage else None
    print(json.dumps({"case": case, "text": text, "usage": told}), flush=True)


def refused(case: str, key: str, name: str = "openai/gpt-4o") -> None:
    try:
        model(key, name).invoke("Hello")
    except openai.APIStatusError as error:
        print(json.dumps({"case": case, "status": error.status_code, "code": error.code, "class": type(error).__name__,
                          "retry_after": error.response.headers.get("retry-after")}), flush=True)  # fmt: skip


whole = model().invoke("Hello")
say("whole", whole.content, whole.usage_metadata)
parts = list(model(stream_usage=True).stream("Hello"))
total = parts[0]
for part in parts[1:]:
    total += part
say("stream", total.content, total.usage_metadata)
tool = model().bind_tools([get_weather]).invoke("The weather?")
say("tool", tool.tool_calls[0]["args"], tool.usage_metadata)
said = [
    HumanMessage("The weather?"),
    AIMessage("", tool_calls=tool.tool_calls),
    ToolMessage("21", tool_call_id=tool.tool_calls[0]["id"]),
]
answer = model().bind_tools([get_weather]).invoke(said)
say("what a tool said", answer.content, answer.usage_metadata)
seen = model().invoke([HumanMessage([{"type": "text", "text": "What is in the picture?"}, DOT])])
say("picture", seen.content, seen.usage_metadata)
shaped = model().with_structured_output(City, method="json_schema", include_raw=True).invoke("Zürich as JSON")
say("structure", shaped["parsed"].model_dump(), shaped["raw"].usage_metadata)
answered = model(use_responses_api=True).invoke("Hello")
say("responses", answered.text, answered.usage_metadata)
vectors = OpenAIEmbeddings(
    model="openai/text-embedding-3-small", base_url=f"{URL}/v1", api_key=KEY, check_embedding_ctx_length=False
).embed_documents(["one", "two"])
say("embeddings", vectors, {"input_tokens": 0, "output_tokens": 0})
refused("401", "sk-fdy-none")
refused("403", SPENT, "openai/text-embedding-3-small")
refused("429", SPENT)
