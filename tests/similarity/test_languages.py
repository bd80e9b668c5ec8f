"""What is known of each language (triage/similarity/languages/*.toml). All sentences are made up."""

from __future__ import annotations

import pytest

from triage.similarity import languages
from triage.similarity.preparing import prepare
from triage.similarity.verdicts import Reason, verdict

SAID = {
    "en": "The election materials have arrived at the school and voters are waiting for officers",
    "es": "Los materiales ya llegaron a la escuela de Santa Rita y los votantes esperan en la puerta",
    "fr": "Le bureau de vote est ouvert depuis ce matin et les observateurs sont dans la salle",
    "pt": "A urna da escola foi aberta de manhã e os fiscais estão na sala com os mesários",
    "it": "Il seggio della scuola è stato aperto questa mattina e gli scrutatori sono nella sala",
    "ar": "وصلت صناديق الاقتراع الى المدرسة في الحي القديم وكان المراقبون في القاعة منذ الصباح",
    "sw": "Vifaa vya uchaguzi vimeletwa katika shule ya msingi na wapiga kura wako kwenye foleni",
    "ha": "Kayan zabe sun isa makarantar firamare da safe kuma jama'a suna kan layi don kada kuri'a",
    "ht": "Biwo vòt la louvri depi maten nan lekòl la epi moun yo ap tann nan liy lan",
    "az": "Seçki məntəqəsi məktəbdə səhər açıldı və müşahidəçilər bu otaqda otururlar",
    "ru": "Избирательный участок в школе открылся утром и наблюдатели уже сидят в зале на месте",
    "de": "Das Wahllokal in der Schule wurde heute pünktlich geöffnet und die Beobachter sitzen im Saal",
    "tr": "Okuldaki sandık sabah açıldı ve gözlemciler bu odada oturuyor hem de herkes sırada",
    "tl": "Ang mga balota ay dumating na sa paaralan at ang mga botante ay naghihintay sa pila",
    "id": "Kotak suara sudah tiba di sekolah itu dan para saksi akan duduk di dalam ruangan",
    "uk": "Виборча дільниця у школі відкрилася вранці і спостерігачі вже сидять у залі",
    "fa": "صندوق رای در مدرسه محله باز شد و ناظران از صبح در سالن هستند",
    "ur": "اسکول میں ووٹنگ صبح شروع ہو گئی ہے اور مبصرین کمرے میں بیٹھے ہیں",
    "yo": "Awon osise ti de si ile-iwe naa lati aaro ati pe awon oludibo wa lori ila",
    "ig": "Ndi oru bu ndi biara na ulo akwukwo ahu nke oma ma ndi mmadu nọ n'ahiri",
    "so": "Sanduuqyada codbixinta waxay yimaadeen iskuulka saaka iyo dadka oo safka ku jira",
    "am": "የምርጫ ጣቢያው በትምህርት ቤቱ ውስጥ ዛሬ ጠዋት ተከፈተ እና ታዛቢዎች እዚህ ተቀምጠዋል",
}
# A word of the sentence, and the same denied.
DENIED = {
    "en": [("have arrived", "have not arrived"), ("are waiting", "arent waiting")],
    "es": [("ya llegaron", "no llegaron"), ("esperan", "no esperan")],
    "fr": [("est ouvert", "est pas ouvert"), ("sont dans", "ne sont pas dans")],
    "pt": [("foi aberta", "não foi aberta"), ("com os", "sem os")],
    "it": [("è stato", "non è stato"), ("sono nella", "non sono nella")],
    "ar": [("وصلت", "ما وصلت"), ("وكان", "ولم يكن")],
    "sw": [("vimeletwa", "havijaletwa"), ("wako", "hawapo")],
    "ha": [("sun isa", "ba su isa ba"), ("suna kan", "basu kan")],
    "ht": [("la louvri", "la pa louvri"), ("ap tann", "pap tann")],
    "az": [("açıldı", "açılmadı"), ("otururlar", "oturmurlar")],
    "ru": [("открылся", "не открылся"), ("уже сидят", "не сидят")],
    "de": [("wurde heute", "wurde heute nicht"), ("sitzen", "sitzen nie")],
    "tr": [("açıldı", "açılmadı"), ("herkes", "hiç kimse")],
    "tl": [("dumating na", "hindi dumating"), ("ay naghihintay", "ay di naghihintay")],
    "id": [("sudah tiba", "belum tiba"), ("akan duduk", "tidak akan duduk")],
    "uk": [("відкрилася", "не відкрилася"), ("вже сидять", "не сидять")],
    "fa": [("هستند", "نیستند"), ("باز شد", "باز نشد")],
    "ur": [("شروع ہو", "شروع نہیں ہو"), ("بیٹھے ہیں", "نہیں ہیں")],
    "yo": [("ti de", "ko de"), ("wa lori", "ko si lori")],
    "ig": [("biara", "biaraghi"), ("nọ n'", "anoghi n'")],
    "so": [("waxay yimaadeen", "ma yimaadeen"), ("safka", "aan safka")],
    "am": [("ተከፈተ", "አልተከፈተም"), ("ተቀምጠዋል", "አልተቀመጡም")],
}
TWELVE = {
    "en": "twelve", "es": "doce", "fr": "douze", "pt": "doze", "it": "dodici", "ht": "douz", "ru": "двенадцать",
}  # fmt: skip
BOTH = {"san", "نه"}  # a hundred and without in Haitian, nine and no in Persian: a fact either way


def test_every_file_has_its_sentences_here() -> None:
    assert set(languages.FILES) == set(SAID) == set(DENIED)


@pytest.mark.parametrize("code", SAID)
def test_the_language_of_a_sentence_is_told(code: str) -> None:
    assert code in prepare(SAID[code]).spoken.leading


@pytest.mark.parametrize("code, word, denied", [(code, *pair) for code, pairs in DENIED.items() for pair in pairs])
def test_a_negation_makes_another_message(code: str, word: str, denied: str) -> None:
    assert word in SAID[code]
    found = verdict(prepare(SAID[code]), prepare(SAID[code].replace(word, denied)))
    assert found.reason is Reason.FACT, found


@pytest.mark.parametrize("code", TWELVE)
def test_a_number_word_is_its_digits(code: str) -> None:
    one, other = (prepare(f"{SAID[code]} {number} {SAID['en']}") for number in (TWELVE[code], "12"))
    assert verdict(one, other).same
    assert not verdict(one, prepare(f"{SAID[code]} 13 {SAID['en']}")).same


@pytest.mark.parametrize("code", SAID)
def test_without_accents_and_in_capitals_it_is_the_same(code: str) -> None:
    assert verdict(prepare(SAID[code]), prepare(SAID[code].upper())).same


@pytest.mark.parametrize("code", SAID)
def test_a_lost_small_word_is_harmless(code: str) -> None:
    words = SAID[code].split()
    weak = languages.LEXICONS[code].weak
    inside = [at for at in range(2, len(words) - 2) if prepare(words[at]).words[0] in weak]
    assert inside
    without = " ".join(words[: inside[0]] + words[inside[0] + 1 :])
    assert verdict(prepare(SAID[code]), prepare(without)).same


def test_the_lists_are_folded_and_do_not_contradict_themselves() -> None:
    for code, words in languages.LEXICONS.items():
        assert not words.weak & words.negations, code
        assert not {word for word, _ in words.numbers} & words.negations - BOTH, code


def test_words_nobody_knows_are_of_no_language() -> None:
    assert languages.spoken(["tarkas", "bolun", "medish", "goranit"]) == languages.Spoken()
