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


VOID = {"meta", "link", "input", "br", "hr", "img", "area", "base", "col", "embed", "source", "track", "wbr"}


class Nesting(HTMLParser):
    """Collects tags that close wrongly or never, ids that stand twice, labels and references to nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wanted: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in {"for", "aria-labelledby", "aria-describedby"}:
                self.wanted += (value or "").split()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at line {self.getpos()[0]}")


def faults(html: str) -> list[str]:
    """What is wrong with how a page is put together."""
    reader = Nesting()
    reader.feed(html)
    reader.close()
    twice = {name for name in reader.ids if reader.ids.count(name) > 1}
    lost = set(reader.wanted) - set(reader.ids)
    return [
        *reader.faults,
        *(f"<{tag}> never closed" for tag in reader.open),
        *(f"id {name} twice" for name in sorted(twice)),
        *(f"nothing has the id {name}" for name in sorted(lost)),
    ]
