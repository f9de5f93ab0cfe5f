/** Where a card number stands in a text, in UTF-16 code units. */
export interface CardNumberPlace {
  readonly start: number;
  readonly end: number;
}

/** Whether digits that could be a card's are known to be part of something else, by what stands around them. */
export function isLookAlike(text: string, place: CardNumberPlace, digits: string): boolean {
  return (
    isTelephoneNumber(text, place, digits) ||
    isArticleNumber(digits) ||
    isHexadecimal(text, place) ||
    isIban(text, place) ||
    isUuid(text, place)
  );
}

/** E.164: a plus and at most 15 digits. */
function isTelephoneNumber(text: string, { start }: CardNumberPlace, digits: string): boolean {
  return digits.length <= 15 && '+＋'.includes(text.charAt(start - 1) || ' ');
}

/** A GTIN-13 (EAN), of which many begin with 4, as 13 digits of Visa do: its check digit is another than Luhn's. */
function isArticleNumber(digits: string): boolean {
  if (digits.length !== 13) return false;
  const sum = Array.from(digits).reduce(
    (total, digit, nth) => total + Number(digit) * (nth % 2 === 0 ? 1 : 3),
    0,
  );
  return sum % 10 === 0;
}

/** Further than any hash reaches. */
const AROUND = 128;

/** The id of a span (16 digits), or any of at least 96 bits: a hash, a trace id, a UUID without hyphens. */
function isHexadecimal(text: string, { start, end }: CardNumberPlace): boolean {
  let [first, last] = [start, end];
  while (start - first < AROUND && isWordCharacter(text.charAt(first - 1))) first -= 1;
  while (last - end < AROUND && isWordCharacter(text.charAt(last))) last += 1;
  const token = text.slice(first, last);
  return (token.length === 16 || token.length >= 24) && /^[0-9a-f]+$/i.test(token) && /[a-f]/i.test(token);
}

/** A letter or digit of ASCII. */
function isWordCharacter(character: string): boolean {
  return isDigit(character) || isLetter(character);
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function isLetter(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const UUID_LENGTH = 36;

function isUuid(text: string, { start, end }: CardNumberPlace): boolean {
  for (let first = Math.max(0, start - UUID_LENGTH + 1); first < end; first += 1) {
    if (text.charAt(first + 8) !== '-' || text.charAt(first + 13) !== '-') continue;
    const last = first + UUID_LENGTH;
    const isWhole = !isWordCharacter(text.charAt(first - 1)) && !isWordCharacter(text.charAt(last));
    if (isWhole && UUID.test(text.slice(first, last))) return true;
  }
  return false;
}

const IBAN = { shortest: 15, longest: 34, longestWritten: 42 } as const;

/** ISO 13616: a country, two check digits and what is right by them, in one run or in groups of four. */
function isIban(text: string, { start, end }: CardNumberPlace): boolean {
  for (let first = Math.max(0, start - IBAN.longestWritten); first < start; first += 1) {
    const [a, b, c, d] = [0, 1, 2, 3].map((nth) => text.charAt(first + nth)) as [
      string,
      string,
      string,
      string,
    ];
    if (!isLetter(a) || !isLetter(b) || !isDigit(c) || !isDigit(d)) continue;
    if (isWordCharacter(text.charAt(first - 1))) continue;
    if (hasIbanDigits(text.slice(first, first + IBAN.longestWritten), end - first)) return true;
  }
  return false;
}

/** ISO 7064, MOD 97-10, with the first four characters at the end; an account number ends where a word does, not before `least`. */
function hasIbanDigits(text: string, least: number): boolean {
  const head = text.slice(0, 4);
  let [sum, length] = [0, head.length];
  for (let at = head.length; at < text.length && length < IBAN.longest; at += 1) {
    const [character, next] = [text.charAt(at), text.charAt(at + 1)];
    if (character === ' ') continue;
    if (!isWordCharacter(character)) return false;
    sum = addedTo(sum, character);
    length += 1;
    const isEnd = at + 1 >= least && !isWordCharacter(next);
    if (isEnd && length >= IBAN.shortest && Array.from(head).reduce(addedTo, sum) === 1) return true;
  }
  return false;
}

function addedTo(sum: number, character: string): number {
  const value = Number.parseInt(character, 36);
  return (sum * (value > 9 ? 100 : 10) + value) % 97;
}
