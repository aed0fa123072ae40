"""Whatever the gateway refuses or books, the usage page says in words. The codes are read from its source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tenants import gateway
from tenants.quotas.limits import KINDS
from tenants.usage.words import ending_words, refusal_words

SOURCES = sorted(Path(gateway.__path__[0]).glob("*.py"))
PAUSED = ("team", "key", "host", "offer")


def calls_of(*names: str) -> Iterator[ast.Call]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                yield node


def texts(node: ast.expr) -> list[str]:
    """What the expression can be: a word, a limit's or a pause's code, or nothing where another place says it."""
    match node:
        case ast.Constant(value=str(word)):
            return [word]
        case ast.JoinedStr(values=[ast.Constant(value="limit."), _]):
            return [f"limit.{kind}" for kind in KINDS]
        case ast.JoinedStr(values=[_, ast.Constant(value="_paused")]):
            return [f"{of}_paused" for of in PAUSED]
        case ast.JoinedStr(values=[ast.Constant(value="http_"), _]):
            return ["http_503"]
        case ast.BoolOp(values=values):
            return [word for each in values for word in texts(each)]
        case ast.Name() | ast.Attribute():
            return []
    raise AssertionError(f"a code that this test cannot read: {ast.unparse(node)}")


def refusals() -> set[str]:
    made = [word for call in calls_of("GatewayError") for word in texts(call.args[1])]
    told = [word for call in calls_of("settle.refused", "abandon") for word in texts(call.args[2])]
    return {code for code in (*made, *told) if not code.startswith("upstream_")}


def endings() -> set[str]:
    named = ("call.row", "call.worst_case", "call.cut_off")
    codes = [each.value for call in calls_of(*named) for each in call.keywords if each.arg == "code"]
    codes += [call.args[2] for call in calls_of("settle.failed", "failed", "abandon")]
    return {word for each in codes for word in texts(each) if word}


def test_every_refusal_of_the_gateway_has_words() -> None:
    codes = refusals()
    assert {"key_network", "limit.tpm", "offer_paused", "dialect_not_spoken", "client_closed"} <= codes
    assert [code for code in sorted(codes) if refusal_words(code) == code] == []


def test_every_other_ending_has_words() -> None:
    codes = endings() | {"gateway_killed"}
    assert {
        "client_closed",
        "usage_missing",
        "gateway_stopped",
        "upstream_failed_midway",
        "http_503",
    } <= codes
    assert [code for code in sorted(codes) if ending_words(code) == code] == []
