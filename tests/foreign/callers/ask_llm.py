"""`llm` through the gateway, set up as its documentation says; prints what it was told, one JSON line per case."""

import json
import os
import pathlib
import subprocess
import sys

URL, KEY, SPENT = os.environ["URL"], os.environ["KEY"], os.environ["SPENT_KEY"]
HOME = pathlib.Path(os.environ["LLM_USER_PATH"])
MODEL = """
- model_id: {id}
  model_name: {name}
  api_base: {url}/v1
  api_key_name: foundry
  vision: true
  supports_schema: true
"""
(HOME / "extra-openai-models.yaml").write_text(
    MODEL.format(id="foundry", name="openai/gpt-4o", url=URL)
    + MODEL.format(id="not-granted", name="openai/text-embedding-3-small", url=URL)
)


def llm(*words: str, key: str = KEY, stdin: bytes = b"") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "llm", *words, "--key", key],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def say(case: str, told: subprocess.CompletedProcess, read=str.strip) -> None:
    if told.returncode:
        sys.exit(f"{case}: {told.stderr.decode()}")
    logs = subprocess.run(
        [sys.executable, "-m", "llm", "logs", "-n", "1", "--json"], capture_output=True, check=True
    )
    row = json.loads(logs.stdout)[0]
    out = told.stdout.decode()
    print(json.dumps({"case": case, "text": read(out) if out else told.stderr.decode(),
                      "usage": [row["input_tokens"], row["output_tokens"]]}), flush=True)  # fmt: skip


def refused(case: str, key: str, model: str = "foundry") -> None:
    told = llm("-m", model, "--no-stream", "Hello", key=key)
    print(json.dumps({"case": case, "exit": told.returncode, "said": told.stderr.decode()}), flush=True)


(HOME / "dot.png").write_bytes(__import__("base64").b64decode(os.environ["PICTURE"].partition(",")[2]))
say("whole", llm("-m", "foundry", "--no-stream", "Hello"))
say("stream", llm("-m", "foundry", "Hello"))
say("picture", llm("-m", "foundry", "--no-stream", "What is in the picture?", "-a", str(HOME / "dot.png")))
say(
    "structure",
    llm("-m", "foundry", "--no-stream", "Zürich as JSON", "--schema", "city, people int"),
    json.loads,
)
refused("401", "sk-fdy-none")
refused("403", SPENT, "not-granted")
refused("429", SPENT)
