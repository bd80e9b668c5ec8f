"""What waits on a fresh practice desk. Made up: no place, number or person here exists."""

from __future__ import annotations

from dataclasses import dataclass

SMS, POST, FORM = "sms", "mastodon", "web"


@dataclass(frozen=True)
class First:
    """One utterance of somebody outside. `urgent` is theirs to say in the form, a coordinator's to set otherwise."""

    by: str
    sender: str
    language: str
    text: str
    name: str | None = None
    place: str | None = None
    urgent: bool = False


FIRSTS = (
    First(
        SMS, "+447700900611", "sw",
        "Hapa Kisiwani Primary wamefunga mlango saa nne na bado kuna watu zaidi ya mia moja "
        "kwenye foleni. Polisi wawili wapo, hawasemi kitu.",
        name="Zuhura",
    ),
    First(
        FORM, "form-1", "en",
        "Two men are standing at the gate and ask everybody for whom they will vote. They write "
        "down names. An old man who refused was pushed and fell on the steps, his arm is "
        "bleeding.",
        place="Mill Road School, main gate", urgent=True,
    ),
    First(
        SMS, "+447700900623", "en",
        "Station Street Library, room 2: no ballot papers since 9:40. The officer says a car is "
        "coming but nobody believes him, people are leaving.",
        name="Otieno",
    ),
    First(
        POST, "@rosa_do_cais", "pt",
        "Cheguei às sete no Harbour Hall e ainda não abriu. A fila já dá a volta ao quarteirão e "
        "ninguém explica nada. @harbour_desk alguém sabe o que se passa?",
    ),
    First(
        SMS, "+447700900634", "es",
        "En el gimnasio North Gate se fue la luz y siguen contando con linternas. Sacaron a las "
        "observadoras del salón.",
        name="Lucía",
    ),
    First(
        FORM, "form-2", "fr",
        "Le bureau 14 a fermé à 16 h 20 alors qu’une trentaine de personnes attendaient dans la "
        "cour. Le président a dit que la liste était « complète ».",
        place="École du Vieux Marché, bureau 14",
    ),
    First(
        SMS, "+447700900645", "ar",
        "نفدت أوراق الاقتراع في مدرسة البحيرة منذ الساعة العاشرة، وطلبوا منا العودة بعد الظهر. "
        "هناك نساء معهن أطفال ينتظرن في الشمس.",
        name="Noor",
    ),
    First(
        SMS, "+447700900656", "en",
        "My mother is 81 and her name is not on the list at Mwangaza Centre although she has "
        "voted there since it was built. What can she do??",
        name="Wanjiru",
    ),
    First(
        FORM, "form-3", "es",
        "Un funcionario revisa el teléfono de cada persona antes de entregarle la boleta y les "
        "dice que le saquen una foto.",
        place="Lakeside Clinic, mesa 3",
    ),
    First(
        SMS, "+447700900667", "sw",
        "Mashine ya alama za vidole haifanyi kazi Old Market Hall tangu asubuhi. Wanaandika "
        "majina kwenye daftari.",
        name="Juma",
    ),
    First(
        SMS, "+447700900678", "fr",
        "Tout est calme à la salle du Port, file courte, personnel aimable. Merci à vous.",
        name="Samira",
    ),
    First(
        POST, "@market_voices", "en",
        "Anyone else seeing the open seal on box 2 at Old Market Hall? It was like that when we "
        "came in at 7. Photo follows. @harbour_desk",
    ),
    First(
        SMS, "+447700900689", "pt",
        "WIN a phone!! Reply YES now and get 2 weeks free *** bit of luck ***",
    ),
)
# What is said again, by others: somebody beside them, a forward, a retweet, and what is nearly the same and is not.
AGAIN = (
    First(
        FORM, "form-4", "en",
        "Two men are standing at the gate and ask everybody for whom they will vote. They write "
        "down names. An old man who refussed was pushed and fell on the steps, his arm is "
        "bleeding. Please hurry",
        place="Mill Road School, main gate",
    ),
    First(
        SMS, "+447700900701", "sw",
        "Fwd: Hapa Kisiwani Primary wamefunga mlango saa nne na bado kuna watu zaidi ya mia moja "
        "kwenye foleni. Polisi wawili wapo, hawasemi kitu!!",
        name="Amani",
    ),
    First(
        POST, "@harbour_walks", "en",
        "RT @market_voices: Anyone else seeing the open seal on box 2 at Old Market Hall? It was like that when we "
        "came in at 7. Photo follows.",
    ),
    First(
        SMS, "+447700900712", "en",
        "Station Street Library, room 3: no ballot papers since 9:40. The officer says a car is "
        "coming but nobody believes him, people are leaving.",
        name="Farid",
    ),
    First(SMS, "+447700900723", "en", "No light at Lakeside Clinic", name="Huda"),
    First(SMS, "+447700900734", "en", "No light at Lakeside Clinic!!", name="Karim"),
)
FOLLOW_UP = First(
    SMS, "+447700900623", "en",
    "Update: the car came but brought papers for another district.",
    name="Otieno",
)
ANSWER = ("Thank you, Otieno. I have told the district office and they are checking. Are people still being sent away, "
          "or may they wait inside?")
NOTE = "Rang the district office at the number on the wall; they promise papers within the hour."
