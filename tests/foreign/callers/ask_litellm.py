"""litellm as a client of the gateway; prints what it was told, one JSON line per case."""

import json
import os

import litellm
import openai

URL, KEY, SPENT = os.environ["URL"], os.environ["KEY"], os.environ["SPENT_KEY"]
HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}  # fmt: skip
CITY = {
    "type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"], "additionalProperties": False,
}  # fmt: skip


def ask(messages: list, key: str = KEY, model: str = "openai/openai/gpt-4o", **more: object) -> object:
    return litellm.completion(
        model=model, api_base=f"{URL}/v1", api_key=key, messages=messages, num_retries=0, max_retries=0, **more
    )  # fmt: skip


def say(case: str, text: object, usage: object = None) -> None:
    told = [usage.prompt_tokens, usage.completion_tokens] if usage else None
    print(json.dumps({"case": case, "text": text, "usage": told}), flush=True)


def refused(case: str, key: str, model: str = "openai/openai/gpt-4o") -> None:
    try:
        ask(HELLO, key, model)
    except openai.APIError as error:  # what all of litellm's errors are
        told = {"case": case, "status": error.status_code, "said": str(error), "class": type(error).__name__}
    print(json.dumps(told), flush=True)


whole = ask(HELLO)
say("whole", whole.choices[0].message.content, whole.usage)
parts = list(ask(HELLO, stream=True, stream_options={"include_usage": True}))
text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
say("stream", text, next(part.usage for part in parts if getattr(part, "usage", None)))
tool = ask([{"role": "user", "content": "The weather?"}], tools=[WEATHER])
called = tool.choices[0].message.tool_calls[0]
say("tool", json.loads(called.function.arguments), tool.usage)
said = [
    {"role": "user", "content": "The weather?"},
    tool.choices[0].message.model_dump(exclude_none=True),
    {"role": "tool", "tool_call_id": called.id, "content": "21"},
]
answer = ask(said, tools=[WEATHER])
say("what a tool said", answer.choices[0].message.content, answer.usage)
picture = {"type": "image_url", "image_url": {"url": os.environ["PICTURE"]}}
seen = ask([{"role": "user", "content": [{"type": "text", "text": "What is in the picture?"}, picture]}])
say("picture", seen.choices[0].message.content, seen.usage)
shape = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": CITY}}
shaped = ask([{"role": "user", "content": "Zürich as JSON"}], response_format=shape)
say("structure", json.loads(shaped.choices[0].message.content), shaped.usage)
answered = litellm.responses(model="openai/openai/gpt-4o", input="Hello", api_base=f"{URL}/v1", api_key=KEY)
print(json.dumps({"case": "responses", "text": answered.output[0].content[0].text,
                  "usage": [answered.usage.input_tokens, answered.usage.output_tokens]}))  # fmt: skip
vectors = litellm.embedding(
    model="openai/openai/text-embedding-3-small", input=["one", "two"], api_base=f"{URL}/v1", api_key=KEY
)
say("embeddings", [each["embedding"] for each in vectors.data], vectors.usage)
message = litellm.completion(
    model="anthropic/anthropic/claude-foreign-1", api_base=URL, api_key=KEY, messages=HELLO, max_tokens=99
)
say("messages", message.choices[0].message.content, message.usage)
refused("401", "sk-fdy-none")
refused("403", SPENT, "openai/openai/text-embedding-3-small")
refused("429", SPENT)
