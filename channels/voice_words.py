"""What the central line says to a caller, in the languages it speaks. Pure.

Each language has a voice of Twilio's that is named, because a voice of another language says nothing at all.
Source: https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
A language that is not here is left out of the choice; where none is left the line speaks English.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language of the line; `{digit}` and `{desk}` are filled in."""

    voice: str
    locale: str
    choose: str
    greet: str
    nothing: str
    thanks: str


WORDS = {
    "en": Words(
        "Polly.Joanna", "en-US", "For English, press {digit}.",
        "You have reached {desk}. Your message will be recorded. After the tone, say what happened, where and when. "
        "When you have finished, press the hash key or hang up.",
        "We heard nothing. We have noted that you called. Goodbye.", "Thank you. Your message has arrived. Goodbye.",
    ),
    "es": Words(
        "Polly.Mia", "es-MX", "Para español, oprima {digit}.",
        "Usted llamó a {desk}. Su mensaje será grabado. Después del tono, diga qué pasó, dónde y cuándo. "
        "Al terminar, oprima la tecla numeral o cuelgue.",
        "No oímos nada. Hemos anotado su llamada. Adiós.", "Gracias. Su mensaje ha llegado. Adiós.",
    ),
    "fr": Words(
        "Polly.Lea", "fr-FR", "Pour le français, tapez {digit}.",
        "Vous êtes chez {desk}. Votre message sera enregistré. Après le signal, dites ce qui s'est passé, où et "
        "quand. Pour finir, tapez dièse ou raccrochez.",
        "Nous n'avons rien entendu. Votre appel est noté. Au revoir.", "Merci. Votre message est arrivé. Au revoir.",
    ),
    "pt": Words(
        "Polly.Camila", "pt-BR", "Para português, tecle {digit}.",
        "Você ligou para {desk}. Sua mensagem será gravada. Depois do sinal, diga o que aconteceu, onde e quando. "
        "Ao terminar, tecle jogo da velha ou desligue.",
        "Não ouvimos nada. Sua ligação foi anotada. Até logo.", "Obrigado. Sua mensagem chegou. Até logo.",
    ),
    "ar": Words(
        "Polly.Zeina", "arb", "للعربية، اضغط {digit}.",
        "لقد اتصلت بـ {desk}. سيتم تسجيل رسالتك. بعد الصافرة، قل ماذا حدث وأين ومتى. "
        "عند الانتهاء، اضغط مفتاح المربع أو أغلق الخط.",
        "لم نسمع شيئا. لقد سجلنا اتصالك. إلى اللقاء.", "شكرا. لقد وصلت رسالتك. إلى اللقاء.",
    ),
}
MOST_LANGUAGES = 9  # one key each


def spoken(languages: Iterable[str]) -> tuple[str, ...]:
    """Those of the desk's languages that the line can speak, each once, in the desk's order; never none."""
    known = (language.strip().lower().split("-")[0] for language in languages)
    return tuple(dict.fromkeys(language for language in known if language in WORDS))[:MOST_LANGUAGES] or ("en",)
