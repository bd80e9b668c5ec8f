"""Made-up people and reports, for the practice desk. Nothing here happened anywhere."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence

from channels.simulator.citizens import new_id
from channels.simulator.records import POSTS, SMS, Person, Written

NAMES = (
    "Neema", "Rosa", "Leyla", "Otieno", "Samira", "Tomás", "Wanjiru", "Yusuf", "Inés", "Baraka", "Huda", "Mateo",
    "Zuhura", "Karim", "Lucía", "Juma", "Noor", "Beatriz", "Amani", "Farid",
)
PLACES = (
    "Mill Road School", "Harbour Hall", "Kisiwani Primary", "Station Street Library", "Lakeside Clinic",
    "Old Market Hall", "North Gate Gymnasium", "Mwangaza Centre",
)
REPORTS = {
    "en": (
        "The doors at {place} are locked and about two hundred people are waiting outside.",
        "{place} has run out of ballot papers. They tell us to come back at two.",
        "A man at {place} is paying people to show a photo of their ballot.",
        "There is pushing at the gate of {place} and an old woman fell. She is hurt.",
        "My name is not on the list at {place} although I voted there last time.",
        "The seal on the second box at {place} was open when we came in.",
        "All quiet at {place}, short queue, friendly staff.",
    ),
    "es": (
        "En {place} no dejan entrar a las observadoras, dicen que falta un sello.",
        "Se fue la luz en {place} y están contando con linternas.",
        "Hay un grupo con palos frente a {place}. La gente tiene miedo de entrar.",
        "En {place} faltan las boletas para la segunda mesa desde las nueve.",
        "Un funcionario en {place} pide el teléfono a cada persona antes de votar.",
        "Todo tranquilo en {place}, se vota sin problemas.",
    ),
    "sw": (
        "Hapa {place} wamefunga mlango na watu bado wako kwenye foleni.",
        "Karatasi za kura zimeisha {place}, tunaambiwa turudi mchana.",
        "Mtu mmoja anagawa pesa nje ya {place} kwa wapiga kura.",
        "Mzee mmoja ameanguka kwenye foleni {place}, anahitaji msaada haraka.",
        "Mashine haifanyi kazi {place} tangu asubuhi.",
        "Hali ni shwari {place}, foleni inasonga vizuri.",
    ),
    "ar": (
        "مكتب الاقتراع في {place} لم يفتح بعد والناس ينتظرون منذ ساعتين.",
        "نفدت أوراق الاقتراع في {place} وطلبوا منا العودة بعد الظهر.",
        "هناك شجار أمام {place} وقد أصيب شاب في يده.",
        "اسمي غير موجود في القائمة في {place} مع أنني سجلت قبل شهرين.",
        "منعوا المراقبين من دخول {place} عند بدء الفرز.",
    ),
}
FOLLOW_UPS = {
    "en": "Still the same here. Is anybody coming?",
    "es": "Sigue igual. ¿Va a venir alguien?",
    "sw": "Bado hali ni ile ile. Kuna mtu anakuja?",
    "ar": "لا يزال الوضع كما هو. هل سيأتي أحد؟",
}
HANDLES = ("harbour_walks", "rosa_do_cais", "kisiwani_today", "noor_writes", "market_voices", "lakeside_eye")
FOLLOW_UP_EVERY, POST_EVERY = 7, 4  # of the messages of a wave
REPOSTED = 0.4  # of the posts after the first


def new_phone(taken: Sequence[Person]) -> Person:
    """A phone that is not among `taken`: a made-up name, a number from a range set aside for fiction."""
    used = {person.address for person in taken}
    number = next(each for each in _numbers() if each not in used)
    return Person(SMS, number, NAMES[len(taken) % len(NAMES)])


def new_handle(taken: Sequence[Person]) -> Person:
    """A handle that is not among `taken`."""
    used = {person.address for person in taken}
    fresh = [f"@{name}" for name in HANDLES if f"@{name}" not in used]
    address = fresh[0] if fresh else f"@voice_{secrets.token_hex(3)}"
    return Person(POSTS, address, address)


def first_people() -> list[Person]:
    """Whom a fresh practice desk begins with: two phones and a handle."""
    return [Person(SMS, "+447700900523", "Neema"), Person(POSTS, "@rosa_do_cais", "@rosa_do_cais"),
            Person(SMS, "+447700900644", "Otieno")]


def wave(count: int, numbers: Sequence[str], handles: Sequence[str], seed: int | None = None) -> list[Written]:
    """`count` reports in four languages to our `numbers` and `handles` (one of the two may be empty).

    Among them follow-ups of an earlier sender and reposts of an earlier post. The same seed, the same wave,
    except for the ids of the posts.
    """
    chance = random.Random(secrets.randbits(32) if seed is None else seed)  # noqa: S311 - made-up people
    reports = _reports(chance)
    made: list[Written] = []
    for position in range(count):
        public = bool(handles) and (not numbers or position % POST_EVERY == 0)
        made.append(_post(chance, handles, made, reports) if public else _sms(chance, numbers, made, reports))
    return made


def _numbers() -> list[str]:
    return [f"+447700900{ending:03}" for ending in range(100, 1000)]


def _reports(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Place and words of one report after another; none comes again before all have been told."""
    every = [(place, report.format(place=place)) for told in REPORTS.values() for report in told for place in PLACES]
    while True:
        yield from chance.sample(every, len(every))


def _sms(chance: random.Random, numbers: Sequence[str], made: Sequence[Written],
         reports: Iterator[tuple[str, str]]) -> Written:
    earlier = [each for each in made if each.channel == SMS and each.place]
    if earlier and len(made) % FOLLOW_UP_EVERY == FOLLOW_UP_EVERY - 1:
        first = chance.choice(earlier)
        return Written(SMS, first.sender, first.to, FOLLOW_UPS[_language_of(first)])
    place, text = next(reports)
    return Written(SMS, chance.choice(_numbers()), chance.choice(numbers), text, place=place)


def _post(chance: random.Random, handles: Sequence[str], made: Sequence[Written],
          reports: Iterator[tuple[str, str]]) -> Written:
    author = f"@{chance.choice(HANDLES)}_{chance.randrange(10, 1000)}"
    earlier = [each for each in made if each.channel == POSTS and each.repost_of is None]
    if earlier and chance.random() < REPOSTED:
        first = chance.choice(earlier)
        return Written(POSTS, author, first.to, first.text, repost_of=first.id)
    place, text = next(reports)
    return Written(POSTS, author, chance.choice(handles), text, place=place, id=new_id(POSTS, author))


def _language_of(first: Written) -> str:
    """Which list a made-up report came from."""
    return next(language for language, reports in REPORTS.items()
                if first.text in [report.format(place=first.place) for report in reports])
