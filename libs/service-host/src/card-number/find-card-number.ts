/** @promise P17 (main) finds card numbers in text, however they are written */
import { FEWEST_DIGITS, isCardNumber, MOST_DIGITS } from './card-issuers.js';
import { GAP, GAPS, IGNORED, isDigitKind, kindOf, OTHER } from './characters.js';
import { type CardNumberPlace, isLookAlike } from './look-alikes.js';

/** Digits that follow each other. */
interface Group {
  readonly start: number;
  end: number;
  /** No more than make clear that it is too long. */
  digits: string;
  /** What is between this group and the one before it, in the characters of `GAPS`; empty in front of the first. */
  readonly gap: string;
}

const LONGEST_GAP = 3;

/**
 * The primary account numbers in a text: 13 to 19 digits of any script with an issuer's prefix and a right check digit (Luhn), in one run or in
 * groups, and not part of a longer number. Takes time in proportion to the length.
 */
export function findCardNumbers(text: string): CardNumberPlace[] {
  const found: CardNumberPlace[] = [];
  if (!hasEnoughDigits(text)) return found;
  let groups: Group[] = [];
  let gap = '';
  let isInGroup = false;
  for (let at = nextDigit(text, 0); at < text.length;) {
    const codePoint = text.codePointAt(at) ?? 0;
    const next = at + (codePoint > 0xffff ? 2 : 1);
    const kind = kindOf(codePoint);
    if (isDigitKind(kind)) {
      const group = groups.at(-1);
      if (isInGroup && group) {
        group.end = next;
        if (group.digits.length <= MOST_DIGITS) group.digits += String(kind);
      } else {
        groups.push({ start: at, end: next, digits: String(kind), gap });
        isInGroup = true;
      }
      gap = '';
    } else if (kind !== IGNORED) {
      isInGroup = false;
      if (kind !== OTHER) gap += GAPS.charAt(kind - GAP);
      if (kind === OTHER || gap.length > LONGEST_GAP) {
        addCardNumbers(found, text, groups);
        groups = [];
        gap = '';
      }
    }
    at = groups.length === 0 ? nextDigit(text, next) : next;
  }
  addCardNumbers(found, text, groups);
  return found;
}

/** A cheap first check: most texts have too few digits. A non-ASCII character may be a digit. */
function hasEnoughDigits(text: string): boolean {
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return true;
    if (code >= 0x30 && code <= 0x39) digits += 1;
    if (digits === FEWEST_DIGITS) return true;
  }
  return false;
}

/** Most of a text holds none. */
function nextDigit(text: string, from: number): number {
  digit.lastIndex = from;
  return digit.exec(text)?.index ?? text.length;
}

const digit = /[\p{Nd}\p{No}]/gu;

export function holdsCardNumber(text: string): boolean {
  return findCardNumbers(text).length > 0;
}

/** The text with each card number in it masked. */
export function withoutCardNumbers(text: string): string {
  let kept = '';
  let at = 0;
  for (const { start, end } of findCardNumbers(text)) {
    kept += `${text.slice(at, start)}[card number]`;
    at = end;
  }
  return kept + text.slice(at);
}

/** The longest way of writing a number in groups of a usual size has this many. */
const MOST_GROUPS = 5;

/** Of groups that are not separated by anything but gaps. */
function addCardNumbers(found: CardNumberPlace[], text: string, groups: readonly Group[]): void {
  for (let first = 0; first < groups.length; first += 1) {
    const last = lastOfCardNumber(text, groups, first);
    const [begin, end] = [groups[first], groups[last]];
    if (!begin || !end) continue;
    found.push({ start: begin.start, end: end.end });
    first = last;
  }
}

/** The last group of the number that begins with the first; -1 where none does. */
function lastOfCardNumber(text: string, groups: readonly Group[], first: number): number {
  const begin = groups[first];
  // Groups of any size make a number only where they are all that there is.
  if (!begin || (first > 0 && !isUsualFirst(begin))) return -1;
  const most = first === 0 ? MOST_DIGITS : first + MOST_GROUPS;
  let digits = '';
  for (const [nth, group] of groups.slice(first, most).entries()) {
    digits += group.digits;
    if (digits.length > MOST_DIGITS) return -1;
    if (digits.length < FEWEST_DIGITS || !isCardNumber(digits)) continue;
    const place = { start: begin.start, end: group.end };
    if (isWrittenAsOne(groups, first, first + nth) && !isLookAlike(text, place, digits)) return first + nth;
  }
  return -1;
}

/** Whether a number in groups of a usual size can begin with this one; most that is written of numbers goes no further. */
function isUsualFirst({ digits: { length } }: Group): boolean {
  return length === 4 || length === 6 || length >= FEWEST_DIGITS;
}

/** Whether groups of digits, from the first to the last, are how one number is written. */
function isWrittenAsOne(groups: readonly Group[], first: number, last: number): boolean {
  const own = groups.slice(first, last + 1);
  const before = groups[first - 1];
  const inner = own.slice(1).map(({ gap }) => gap);
  // `52.5200066`, and what is behind its point: a decimal number.
  if (inner.length === 0) return own[0]?.gap !== '.';
  if (inner.length === 1 && inner[0] === '.') return false;
  const isLast = last === groups.length - 1;
  if (isUsual(own.map(({ digits }) => digits.length))) {
    // In front of it more groups of four in the same way: a longer number, unless it ends here.
    const isContinued = before?.digits.length === 4 && own[0]?.gap === inner[0];
    return !isContinued || isLast;
  }
  return first === 0 && isLast && isEven(inner) && !isPhoneLike(own);
}

/** How cards show their numbers: in fours, as 4-6-5 (American Express), 4-6-4 (Diners Club), 6-13 (UnionPay) and 4-3-3-3 (13 digits of Visa). */
function isUsual(lengths: readonly number[]): boolean {
  if (/^(?:4,6,[45]|6,13|4,3,3,3)$/.test(lengths.join(','))) return true;
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return (
    total > FEWEST_DIGITS &&
    lengths.slice(0, -1).every((length) => length === 4) &&
    (lengths.at(-1) ?? 0) <= 4
  );
}

/** The same space, dash or dot everywhere. */
function isEven(gaps: readonly string[]): boolean {
  const [gap = ''] = gaps;
  return [' ', '-', '.'].includes(gap) && gaps.every((other) => other === gap);
}

/** Of 13 digits only telephone numbers are written in groups of any size. */
function isPhoneLike(groups: readonly Group[]): boolean {
  const digits = groups.reduce((sum, group) => sum + group.digits.length, 0);
  return digits === FEWEST_DIGITS && groups.length < digits;
}
