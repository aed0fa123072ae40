"""What a strict content policy would refuse in a page."""

from html.parser import HTMLParser


class Inline(HTMLParser):
    """Collects inline styles, scripts and handlers, and addresses that run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            runs = name in {"href", "src", "action"} and (value or "").strip().lower().startswith(
                "javascript:"
            )
            if name == "style" or name.startswith(("on", "hx-on")) or runs:
                self.found.append(f"{tag} {name}={value}")


def inline_parts(html: str) -> list[str]:
    reader = Inline()
    reader.feed(html)
    reader.close()
    return reader.found
