"""The table of places: what it says, what is wrong with it, and never an exception."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from triage.gazetteer import sheet, tree
from triage.gazetteer.tree import Known, Plan

HEAD = b"code,name,aliases,parent,lat,lon\n"


def plan(content: bytes | str, known: dict[str, Known] | None = None) -> Plan:
    """What the table would do."""
    return tree.plan(sheet.read(content if isinstance(content, bytes) else content.encode()), known or {})


def wrong(content: bytes | str, known: dict[str, Known] | None = None) -> list[str]:
    """Its wrong lines in words."""
    return [f"{one.number}: {one.sentence % one.params}" for one in plan(content, known).wrong]


def test_parents_come_in_any_order_and_are_read_first() -> None:
    found = plan(HEAD + b"S,School,,W,,\nW,Ward,,C,,\nC,County,,,-0.1,34.75\n")
    assert [line.code for line in found.new] == ["C", "W", "S"]
    assert found.new[0].point == (-0.1, 34.75)
    assert not found.wrong


def test_semicolons_tabs_quotes_a_mark_at_the_beginning_and_windows_lines_are_read() -> None:
    for apart in (";", "\t", ","):
        text = f'\ufeffName{apart}CODE{apart}Aliases\r\n"Mill{apart} ""Old"" Road"{apart}M1{apart}Mill|Old Mill\r\n'
        (line,) = plan(text).new
        assert line.name == " ".join(f'Mill{apart} "Old" Road'.split())
        assert (line.code, line.aliases) == ("M1", ("Mill", "Old Mill"))


def test_every_wrong_line_is_told_with_its_number_and_what_is_wrong() -> None:
    said = wrong("code,name,parent,lat,lon\nA,Alpha,B,,\nB,Beta,A,,\nD,Delta,A,,\nE,Eps,Z,,\n,x,,,\nG,,,,\n"
                 "a,twice,,,\nH,H,,99,1\nJ,J,,1,\nK,K,,1,x\nL,L,,1,2,3\nM,M,M,,\nN,ok,,1,2\n")
    assert said == [
        "2: It lies in itself: A → B → A.", "3: It lies in itself: B → A → B.",
        "4: It lies in “A”, whose line 2 is wrong.",
        "5: There is no place with the code “Z” for it to lie in, neither here nor on the desk.",
        "6: The code is missing. It needs a letter or a digit.",
        "7: The name is missing. It needs a letter or a digit.",
        "8: The code stands on line 2 already.",
        "9: 99 degrees are not on the earth: lat is -90 to 90, lon -180 to 180.",
        "10: A point needs both numbers, lat and lon.", "11: “x” is no number of degrees, such as -0.0917.",
        "12: This line has more cells than the first one names.", "13: It lies in itself: M → M.",
    ]


def test_a_circle_through_places_that_are_known_is_refused_too() -> None:
    known = {"a": Known(1, "A", "Alpha", (), None, None), "b": Known(2, "B", "Beta", (), "a", None)}
    assert wrong("code,name,parent\nA,Alpha,B\n", known) == ["2: It lies in itself: A → B → A."]


def test_places_lie_in_at_most_a_dozen_others() -> None:
    chain = "code,name,parent\n" + "".join(f"K{number},n,K{number + 1}\n" for number in range(20)) + "K20,n,\n"
    assert len(wrong(chain)) == 20 - tree.DEEPEST


def test_what_a_table_does_not_say_stays_and_what_it_says_again_is_unchanged() -> None:
    known = {"a": Known(1, "A", "Alpha", ("Old",), None, (1.0, 2.0))}
    assert plan("code,name\nA,Alpha\n", known).unchanged == 1
    assert plan("code,name,aliases\nA,Alpha,\n", known).changed[0].aliases == ()
    assert plan("code,name\nA,Alpha 2\n", known).changed[0].name == "Alpha 2"
    assert plan("code,name,lat,lon\nA,Alpha,1,2\n", known).unchanged == 1


def test_a_file_that_is_no_table_says_so() -> None:
    assert wrong(b"") == [f"1: {sheet.NO_HEADER}"]
    assert wrong("name\nx\n") == ["1: There is no column “code”. The first line must name the columns."]
    assert wrong("code,name,id\n") == ["1: The column “code” stands twice."]
    assert wrong(b"code,name\nA,\xff\n") == ["2: This line is not UTF-8. Save the table as “CSV UTF-8” and try again."]
    assert wrong('code,name\nA,"open\nB,b\n') == [
        "2: This line cannot be read as CSV: perhaps a quotation mark is not closed."]
    assert plan("code,name,Note\nA,Alpha,x\n").ignored == ["Note"]


@given(st.binary() | st.text().map(lambda text: HEAD + text.encode("utf-8", "surrogatepass")))
def test_reading_never_fails_whatever_the_bytes(content: bytes) -> None:
    found = plan(content)
    for one in found.wrong:
        assert one.number >= 1
        assert one.sentence % one.params


LETTERS = st.sampled_from("ABCDEF")


@given(st.lists(st.tuples(LETTERS, LETTERS | st.just("")), max_size=12))
def test_what_is_read_has_its_parents_before_it_and_nothing_is_lost(pairs: list[tuple[str, str]]) -> None:
    found = plan("code,name,parent\n" + "".join(f"{code},n,{parent}\n" for code, parent in pairs))
    before: set[str] = set()
    for line in found.new:
        assert not line.parent or line.parent in before
        before.add(line.code)
    assert len(found.new) + len(found.wrong) == len(pairs)
