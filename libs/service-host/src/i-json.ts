import {
  type CheckedJson,
  type JsonCheck,
  type JsonPath,
  parseCheckedJson,
} from '@vouchsafe/transparency-log';
import { MOST_DIGITS } from './card-number/card-issuers.js';
import { holdsCardNumber } from './card-number/find-card-number.js';
import { pointerOf } from './json-pointer.js';

export type ReadIJson =
  | { readonly status: 'read'; readonly value: unknown }
  /** Not JSON at all. */
  | { readonly status: 'malformed'; readonly detail: string }
  /** JSON that programs read differently; `pointer` (RFC 6901) says where. Neither member repeats a value. */
  | { readonly status: 'refused'; readonly pointer: string; readonly detail: string }
  /** Somewhere stands the number of a payment card (P17). */
  | { readonly status: 'card-number'; readonly pointers: readonly string[] };

const MAX_DEPTH = 64;
/** With `ignoreBOM` a byte-order mark stays in the text, where JSON has no place for it (RFC 8259 section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads I-JSON (RFC 7493): what comes out is exactly what was sent. What `JSON.parse` takes and changes, or
 * leaves to the reader's taste, is refused: a name given twice, half a surrogate pair, a noncharacter, a number that RFC 8785
 * would write with another value. NUL is refused, too, since Postgres stores none. Takes time in proportion to the length.
 */
export function readIJson(bytes: Uint8Array): ReadIJson {
  let read: CheckedJson;
  const cards = new Set<string>();
  try {
    read = parseCheckedJson(utf8.decode(bytes), checkOf(cards));
  } catch {
    return { status: 'malformed', detail: 'The body must be JSON in UTF-8, without a byte-order mark' };
  }
  if (cards.size > 0) return { status: 'card-number', pointers: [...cards] };
  if ('value' in read) return { status: 'read', value: read.value };
  const { fault, path } = read;
  if (fault === TOO_DEEP)
    return { status: 'malformed', detail: `The body is nested deeper than ${MAX_DEPTH} levels` };
  // A name that is not valid text cannot be part of a pointer: the pointer leads to its object instead.
  const shown = path.filter((step) => typeof step === 'number' || !NOT_TEXT.test(step));
  return { status: 'refused', pointer: pointerOf(shown), detail: fault };
}

const TOO_DEEP = 'too deep';

/** @param cards takes where card numbers stand: all of them, so that the answer can name each */
function checkOf(cards: Set<string>): JsonCheck {
  const note = (holds: boolean, place: () => JsonPath) => {
    if (holds && cards.size < MOST_CARDS) cards.add(pointerToCard(place()));
  };
  return {
    opened: (depth) => (depth > MAX_DEPTH ? TOO_DEEP : undefined),
    name: (name, object, place) => {
      note(holdsCardNumber(name), place);
      return (
        textFault(name) ?? (Object.hasOwn(object, name) ? 'is given more than once in its object' : undefined)
      );
    },
    text: (text, place) => {
      note(holdsCardNumber(text), place);
      return textFault(text);
    },
    number: (literal, place) => {
      const isCard = isCardNumberLiteral(literal);
      note(isCard, place);
      // What is refused for this needs no other reason, and what stands behind it is read, too.
      return isCard ? undefined : numberFault(literal);
    },
  };
}

/** As many as an answer names. */
const MOST_CARDS = 20;

/** Below a name that holds a card number the pointer would repeat it: it leads to the object that has the name. */
function pointerToCard(path: JsonPath): string {
  const named = path.findIndex((step) => typeof step === 'string' && holdsCardNumber(step));
  return pointerOf(named < 0 ? path : path.slice(0, named));
}

/** Whole numbers alone: the digits of a fraction are no card's. */
function isCardNumberLiteral(literal: string): boolean {
  const [, digits = '', power = ''] = /^-?([1-9][0-9]*)e(-?[0-9]+)$/.exec(decimalOf(literal)) ?? [];
  const [zeros, most] = [Number(power), MOST_DIGITS - digits.length];
  return zeros >= 0 && zeros <= most && holdsCardNumber(digits + '0'.repeat(zeros));
}

const NOT_TEXT = /[\0\p{Surrogate}\p{Noncharacter_Code_Point}]/u;

/** RFC 7493 section 2.1. */
function textFault(text: string): string | undefined {
  return NOT_TEXT.test(text) ? 'contains NUL, half of a surrogate pair, or a noncharacter' : undefined;
}

/** RFC 7493 section 2.2; a number is read as a double, and written as ECMAScript writes it (RFC 8785 section 3.2.2.3). */
function numberFault(literal: string): string | undefined {
  const number = Number(literal);
  const written = String(number);
  const isSame =
    written === literal || (Number.isFinite(number) && decimalOf(written) === decimalOf(literal));
  return isSame ? undefined : 'must be sent as a string: a double-precision number cannot hold it exactly';
}

/** One spelling of a decimal: its digits without zeros around them, and the power of ten that they are multiplied by. */
function decimalOf(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let [first, last] = [0, digits.length];
  while (digits.charAt(first) === '0') first += 1;
  // All zeros: the same value with any sign and exponent.
  if (first === last) return '0';
  while (digits.charAt(last - 1) === '0') last -= 1;
  const power = Number(exponent) - fraction.length + (digits.length - last);
  return `${literal.startsWith('-') ? '-' : ''}${digits.slice(first, last)}e${power}`;
}
