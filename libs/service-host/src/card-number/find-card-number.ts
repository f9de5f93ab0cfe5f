/** @promise P17 (main) finds card numbers in text, however they are written */
import { FEWEST_DIGITS, isCardNumber, MOST_DIGITS } from './card-issuers.js';
import { GAP, GAPS, IGNORED, kindOf, OTHER } from './characters.js';
import { isLookAlike } from './look-alikes.js';

/** Where a card number stands in a text, in UTF-16 code units. */
export interface CardNumberPlace {
  readonly start: number;
  readonly end: number;
}

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
 * The first primary account number in a text: 13 to 19 digits of any script with an issuer's prefix and a right check digit (Luhn), in one run or in
 * groups, and not part of a longer number. Takes time in proportion to the length.
 */
export function findCardNumber(text: string): CardNumberPlace | undefined {
  if (text.length < FEWEST_DIGITS) return undefined;
  let groups: Group[] = [];
  let gap = '';
  let isInGroup = false;
  for (let at = nextDigit(text, 0); at < text.length;) {
    const codePoint = text.codePointAt(at) ?? 0;
    const next = at + (codePoint > 0xffff ? 2 : 1);
    const kind = kindOf(codePoint);
    if (kind < 10) {
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
        const found = cardNumberIn(text, groups);
        if (found) return found;
        groups = [];
        gap = '';
      }
    }
    at = groups.length === 0 ? nextDigit(text, next) : next;
  }
  return cardNumberIn(text, groups);
}

/** Most of a text holds none. */
function nextDigit(text: string, from: number): number {
  digit.lastIndex = from;
  return digit.exec(text)?.index ?? text.length;
}

const digit = /[\p{Nd}\p{No}]/gu;

export function holdsCardNumber(text: string): boolean {
  return findCardNumber(text) !== undefined;
}

/** The text with each card number in it masked. */
export function withoutCardNumbers(text: string): string {
  let [kept, rest] = ['', text];
  for (let found = findCardNumber(rest); found; found = findCardNumber(rest)) {
    kept += `${rest.slice(0, found.start)}[card number]`;
    rest = rest.slice(found.end);
  }
  return kept + rest;
}

/** The longest way of writing a number in groups of a usual size has this many. */
const MOST_GROUPS = 5;

function cardNumberIn(text: string, groups: readonly Group[]): CardNumberPlace | undefined {
  for (const [first, group] of groups.entries()) {
    // Groups of any size make a number only where they are all that there is; so never many.
    const last = Math.min(groups.length, first === 0 ? MOST_DIGITS : first + MOST_GROUPS);
    let digits = '';
    for (let nth = first; nth < last; nth += 1) {
      digits += groups[nth]?.digits ?? '';
      if (digits.length > MOST_DIGITS) break;
      if (digits.length < FEWEST_DIGITS || !isCardNumber(digits)) continue;
      const place = { start: group.start, end: groups[nth]?.end ?? group.end };
      if (isWrittenAsOne(groups, first, nth) && !isLookAlike(text, place, digits)) return place;
    }
  }
  return undefined;
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

/** The same space, dash or point everywhere. */
function isEven(gaps: readonly string[]): boolean {
  const [gap = ''] = gaps;
  return [' ', '-', '.'].includes(gap) && gaps.every((other) => other === gap);
}

/** Of 13 digits only telephone numbers are written in groups of any size. */
function isPhoneLike(groups: readonly Group[]): boolean {
  return groups.reduce((sum, { digits }) => sum + digits.length, 0) === FEWEST_DIGITS;
}
