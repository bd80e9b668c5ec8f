"""What a template and a style sheet may contain: no literal text, no inline script, no left and right."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

PageRule = Callable[[str], list[str]]

SPOKEN_ATTRIBUTES = {
    "title",
    "placeholder",
    "alt",
    "label",
    "aria-label",
    "aria-description",
    "aria-roledescription",
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# A single letter in <kbd> is what is printed on the key, in every language.
KEY = re.compile(r"\w")

# Removed before the page is read. What a {% trans %} block holds goes through the catalogue.
JINJA = re.compile(
    r"\{#.*?#\}|\{%-?\s*trans\b.*?%\}.*?\{%-?\s*endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
# {{ "Claim" }} and {{ "Claim" if … }} are literal text too; {{ _("Claim") }} is not.
BARE_TEXT = re.compile(r">\s*\{\{-?\s*([\"'])([^\"']*[^\W\d_][^\"']*)\1\s*(?:if\b[^}]*)?-?\}\}")

PHYSICAL = re.compile(
    r"(?:(?:scroll-)?(?:margin|padding)|border)-(?:left|right|top|bottom)(?:-(?:width|style|color))?"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?:min-|max-)?(?:width|height)|left|right|top|bottom"
)
SIDED_VALUE = {"text-align", "float", "clear", "justify-content", "justify-items", "justify-self"}
FOUR_SIDES = {"margin", "padding", "inset", "border-width", "scroll-margin", "scroll-padding"}
DECLARATION = re.compile(r"(?<![\w-])([a-z-]+)\s*:\s*([^;{}]+?)\s*(?=[;}])")


class Page(HTMLParser):
    """Collects what is wrong while a page goes by."""

    def __init__(self, template: str) -> None:
        """Read `template`, its Jinja parts taken out line by line so that numbers stay true."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wording: list[str] = []
        self.scripting: list[str] = []
        self.feed(JINJA.sub(lambda part: "\n" * part.group().count("\n"), template))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are read out, and attributes that act or paint."""
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if (tag == "script" and "src" not in given) or tag == "style":
            self.scripting.append(f"line {self.getpos()[0]}: inline <{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                self.scripting.append(f"line {self.getpos()[0]}: {name}= on <{tag}>")
            if self.spoken(tag, name, given) and re.search(r"[^\W\d_]", value or ""):
                self.wording.append(f"line {self.getpos()[0]}: {name}={value!r} is not translated")

    def handle_endtag(self, tag: str) -> None:
        """Leave the element, and whatever was left open in it."""
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Text with letters in it, outside of what is no prose."""
        inner = self.open[-1] if self.open else ""
        if inner in {"script", "style"} or (inner == "kbd" and KEY.fullmatch(data.strip())):
            return
        if re.search(r"[^\W\d_]", data):
            self.wording.append(f"line {self.getpos()[0]}: {' '.join(data.split())!r} is not translated")

    @staticmethod
    def spoken(tag: str, name: str, given: dict[str, str | None]) -> bool:
        """Whether people read or hear this attribute."""
        if name == "value":
            return tag == "input" and given.get("type") in {"submit", "button", "reset"}
        if name == "content":
            return given.get("name") == "description"
        return name in SPOKEN_ATTRIBUTES


def literal_text(template: str) -> list[str]:
    """Each text or spoken attribute that does not come from a Jinja expression."""
    bare = [f"{part.group(2)!r} is not translated" for part in BARE_TEXT.finditer(template)]
    return Page(template).wording + bare


def inline_code(template: str) -> list[str]:
    """Each script, handler or style that stands in the page itself: the content policy refuses them."""
    return Page(template).scripting


def physical_sides(css: str) -> list[str]:
    """Each declaration that would not turn round with the direction of writing."""
    plain = re.sub(r"/\*.*?\*/", lambda part: "\n" * part.group().count("\n"), css, flags=re.DOTALL)
    problems = []
    for found in DECLARATION.finditer(plain):
        name, value = found.group(1), found.group(2)
        sides = value.split()
        if (
            PHYSICAL.fullmatch(name)
            or (name in SIDED_VALUE and re.search(r"\b(left|right)\b", value))
            or (name in FOUR_SIDES and "(" not in value and len(sides) == 4 and sides[1] != sides[3])
        ):
            problems.append(f"line {plain.count(chr(10), 0, found.start()) + 1}: {name}: {value}")
    return problems
