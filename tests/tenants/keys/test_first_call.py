"""What is shown to be pasted works as it is pasted."""

import pytest

from tenants.keys.first_call import snippets

SECRET = "sk-fdy-abc_def"


def text(label: str, secret: str | None) -> str:
    return next(snippet.text for snippet in snippets("xai/grok-3", secret) if snippet.label == label)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_the_python_is_python(secret: str | None) -> None:
    compile(text("Python", secret), "pasted", "exec")


def test_with_a_fresh_secret_both_carry_it() -> None:
    assert f"Bearer {SECRET}" in text("curl", SECRET)
    assert f'api_key="{SECRET}"' in text("Python", SECRET)


def test_without_one_both_read_the_same_variable_of_the_environment() -> None:
    assert "Bearer $FOUNDRY_KEY" in text("curl", None)
    python = text("Python", None)
    assert python.startswith("import os\n")
    assert 'api_key=os.environ["FOUNDRY_KEY"]' in python
