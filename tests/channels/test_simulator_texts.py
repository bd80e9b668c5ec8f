"""Made-up people and reports."""

from __future__ import annotations

from channels.simulator import Person, texts

NUMBERS, HANDLES = ["+254700000100"], ["@desk"]


def test_a_wave_has_both_channels_four_languages_follow_ups_and_reposts() -> None:
    made = texts.wave(60, NUMBERS, HANDLES, seed=1)
    assert {each.channel for each in made} == {"sms", "mastodon"}
    said = " ".join(each.text for each in made)
    assert all(word in said for word in ("The ", "En ", "Hapa ", "في"))
    assert any(each.repost_of for each in made)
    senders = [each.sender for each in made if each.channel == "sms"]
    assert len(set(senders)) < len(senders)


def test_the_same_seed_makes_the_same_wave_and_no_seed_another() -> None:
    def told(seed: int | None) -> list[tuple[str, str]]:
        return [(each.sender, each.text) for each in texts.wave(20, NUMBERS, HANDLES, seed)]

    assert told(7) == told(7)
    assert told(None) != told(None)


def test_a_wave_needs_only_one_of_the_channels() -> None:
    assert {each.channel for each in texts.wave(20, NUMBERS, [])} == {"sms"}
    assert {each.channel for each in texts.wave(20, [], HANDLES)} == {"mastodon"}


def test_new_phones_and_handles_are_never_taken_ones() -> None:
    people: list[Person] = texts.first_people()
    for _ in range(40):
        people += [texts.new_phone(people), texts.new_handle(people)]
    assert len({(person.channel, person.address) for person in people}) == len(people)
    assert all(person.address == person.address.lower() for person in people)
