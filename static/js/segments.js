// How many parts a text message takes, and the same words with plain signs. What channels/segments.py says, and
// says why: tests/test_segments_js.py holds the two against each other.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
  + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("\f^{}\\[~]|€");
const ALONE = { plain: 160, wide: 70 };
const OF_SEVERAL = { plain: 153, wide: 67 };

const TWINS = new Map();
const twin = (signs, plain) => { for (const sign of signs) TWINS.set(sign, plain); };
twin("‘’‚‛‹›′`´", "'");
twin("“”„‟«»″", '"');
twin("‐‑‒–—―−", "-");
twin("\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ");
twin("\u2028\u2029", "\n");
twin("\u00ad\u200b\u2060\ufeff", "");
twin("…", "...");

const inPlain = (letter) => BASIC.has(letter) || EXTENDED.has(letter);

/** What `text` takes: whether in the plain alphabet, its places, its parts, and the places left in the last. */
export function size(text) {
  const letters = [...text];
  const alphabet = letters.every(inPlain) ? "plain" : "wide";
  const width = alphabet === "plain" ? (letter) => (EXTENDED.has(letter) ? 2 : 1) : (letter) => letter.length;
  const places = letters.reduce((sum, letter) => sum + width(letter), 0);
  if (places <= ALONE[alphabet]) return { alphabet, places, parts: 1, left: ALONE[alphabet] - places };
  const most = OF_SEVERAL[alphabet];
  let parts = 1;
  let filled = 0;
  for (const letter of letters) {
    if (filled + width(letter) > most) { parts += 1; filled = 0; }
    filled += width(letter);
  }
  return { alphabet, places, parts, left: most - filled };
}

/** The text with every typographic sign replaced by its plain twin. */
export function plain(text) {
  return [...text.normalize("NFC")].map((letter) => TWINS.get(letter) ?? letter).join("").normalize("NFC");
}

/** The signs that keep `text` out of the plain alphabet, each once, in their order. */
export function odd(text) { return [...new Set(text)].filter((letter) => !inPlain(letter)); }

/** Whether plain signs would do: the text with `ending` then takes the plain alphabet, or fewer parts. */
export function mendable(text, ending = "") {
  const now = size(text + ending);
  const then = size(plain(text) + ending);
  return then.parts < now.parts || (now.alphabet === "wide" && then.alphabet === "plain");
}
