"""The composer counts parts in the browser as the desk counts them: a thousand texts, one answer."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import config
from channels import segments
from triage.queries import parts

TEXTS = 1000
PIECES = (
    "abc", "Station 14 is open. ", "é", "ñ", "ç", "Ç", "€", "{}", "[~]", "\\", "^", "|", "\n", "\r", "\f", "\t", "–",
    "—", "…",
    "“", "”", "‘", "’", "«", "»", "`", "´", "\u00a0", "\u2028", "\u00ad", "\u200b", "\u200d", "\ufeff", "e\u0301",
    "e\u00ad\u0301", "a\u200b\u0308", "n\u0303", "😀", "👨\u200d👩\u200d👧", "𐍈", "قف ", "هل ", "Ω", "Ж", "ı", "İ", "ß",
    "œ",
    "á", "í", "ó", "ú", "ü", "1️⃣", "한", "\u1112\u1161\u11ab", "Å", "\u212b", "½", " ", "  ", "!", "¿", "¡",
)
ENDINGS = ("", "\n- Amina", "\n- Zoë, volunteer at Harbour", "\n- Жанна")
SCRIPT = """
import { size, plain, odd, mendable } from "%s";
const told = [];
for await (const chunk of process.stdin) told.push(chunk);
const found = JSON.parse(Buffer.concat(told)).map(([text, ending]) =>
  [size(text + ending), plain(text), odd(text + ending).join(""), mendable(text, ending), [...text].length]);
process.stdout.write(JSON.stringify(found));
"""


def texts() -> list[tuple[str, str]]:
    """Texts of all lengths, many of them just where a part ends, with their endings."""
    dice = random.Random(20261121)  # the same texts each time
    made = [""] + ["a" * (most + step) for most in (70, 134, 160, 306) for step in (-1, 0, 1)]
    made += ["я" * (most + step) for most in (67, 70, 134, 201) for step in (-1, 0, 1)]
    while len(made) < TEXTS:
        many = dice.choice((3, 20, 60, 120))
        few = dice.sample(PIECES, dice.randint(1, len(PIECES)))
        made.append("".join(dice.choice(few) for _ in range(dice.randint(1, many))))
    return [(text, dice.choice(ENDINGS)) for text in made]


def by_the_browser(asked: list[tuple[str, str]], folder: Path) -> list[list[object]]:
    """What static/js/segments.js says of each; under a name by which every node knows it for a module."""
    module = Path(shutil.copy(config.ROOT / "static" / "js" / "segments.js", folder / "segments.mjs"))
    script = SCRIPT % module.as_uri()
    run = subprocess.run(["node", "--input-type=module", "--eval", script], input=json.dumps(asked).encode(),
                         capture_output=True, check=True, timeout=60)
    return json.loads(run.stdout)


def by_the_desk(text: str, ending: str) -> list[object]:
    """What channels/segments.py and the page's own measures say of one."""
    size = segments.size(text + ending)
    alphabet = "plain" if size.encoding == segments.GSM_7 else "wide"
    meter = parts.measured(text, ending, 3, of_parts=True)
    told = {"alphabet": alphabet, "places": size.places, "parts": size.parts, "left": size.left}
    return [told, segments.plain(text), meter.odd, meter.mendable, len(text)]


def test_the_browser_and_the_desk_agree_on_a_thousand_texts(tmp_path: Path) -> None:
    asked = texts()
    assert len(asked) == TEXTS
    for (text, ending), told in zip(asked, by_the_browser(asked, tmp_path), strict=True):
        assert told == by_the_desk(text, ending), (text, ending)


def test_every_kind_of_text_was_among_them() -> None:
    sizes = [segments.size(text + ending) for text, ending in texts()]
    assert {size.encoding for size in sizes} == {segments.GSM_7, segments.UCS_2}
    assert {1, 2, 3, 4, 5} <= {size.parts for size in sizes}
    assert {True, False} == {parts.mendable(text, ending) for text, ending in texts()}


def test_what_is_mended_keeps_its_words() -> None:
    assert parts.mended("“Is it open?” – yes…") == '"Is it open?" - yes...'
    assert not parts.mendable("Plain words.")
    assert not parts.mendable("😀")
    assert parts.mendable("“Quoted”")
    assert not parts.mendable("“قف”")
