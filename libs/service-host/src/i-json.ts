import { pointerOf } from './json-pointer.js';

export type ReadIJson =
  | { readonly status: 'read'; readonly value: unknown }
  /** Not JSON at all. */
  | { readonly status: 'malformed'; readonly detail: string }
  /** JSON, but programs would not agree on what it says. */
  | ({ readonly status: 'refused' } & IJsonFault);

/** `pointer`: the JSON pointer (RFC 6901) of the place. Neither part repeats a value. */
export interface IJsonFault {
  readonly pointer: string;
  readonly detail: string;
}

const MAX_DEPTH = 64;
/** With `ignoreBOM` a byte-order mark stays in the text, where JSON has no place for it (RFC 8259 section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads I-JSON (RFC 7493): what comes out is exactly what was sent. `JSON.parse` says what is JSON; what it takes and changes, or
 * leaves to the reader's taste, is refused: a name given twice, half a surrogate pair, a noncharacter, a number that RFC 8785
 * would write with another value. NUL is refused, too, since Postgres stores none. Takes time in proportion to the length.
 *
 * Every member becomes an own property, `__proto__` and `constructor` as well: copy by spread or into an object without
 * prototype, never by assignment.
 */
export function readIJson(bytes: Uint8Array): ReadIJson {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    return { status: 'malformed', detail: 'The body is not JSON in UTF-8 without a byte-order mark' };
  }
  const fault = faultIn(text);
  if (fault === TOO_DEEP)
    return { status: 'malformed', detail: `The body is nested deeper than ${MAX_DEPTH} levels` };
  return fault ? { status: 'refused', ...fault } : { status: 'read', value };
}

/** An object or list that is open where the scan stands. */
interface Open {
  /** The names so far; null of a list. */
  readonly names: Set<string> | null;
  /** The member's name or the item's index; undefined where a name comes next. */
  step: string | number | undefined;
}

const TOO_DEEP = 'too deep';

/** Goes through a text that is JSON, token by token: its grammar needs no second check. */
function faultIn(text: string): IJsonFault | typeof TOO_DEEP | undefined {
  const open: Open[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    const within = open.at(-1);
    let end = at + 1;
    let detail: string | undefined;
    if (character === '{') open.push({ names: new Set(), step: undefined });
    else if (character === '[') open.push({ names: null, step: 0 });
    else if (character === '}' || character === ']') open.pop();
    else if (character === ',' && within)
      within.step = typeof within.step === 'number' ? within.step + 1 : undefined;
    else if (character === '"') {
      end = endOfString(text, at);
      detail =
        within && within.step === undefined
          ? nameFault(text, at, end, within)
          : textFault(stringAt(text, at, end));
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      end = endOfNumber(text, at);
      detail = numberFault(text.slice(at, end));
    }
    if (open.length > MAX_DEPTH) return TOO_DEEP;
    if (detail !== undefined) return { pointer: pointerOf(open.flatMap(({ step }) => step ?? [])), detail };
    at = end;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && '+-.0123456789Ee'.includes(text.charAt(at))) at += 1;
  return at;
}

function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  // "a" and "\u0061" are one name.
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : raw;
}

/** A name that is no text for a pointer is told by the place of its object; any other by its own. */
function nameFault(text: string, start: number, end: number, object: Open): string | undefined {
  const name = stringAt(text, start, end);
  const fault = textFault(name);
  if (fault !== undefined) return fault;
  object.step = name;
  if (object.names?.has(name)) return 'The name stands twice in its object';
  object.names?.add(name);
  return undefined;
}

const NOT_TEXT = /[\0\p{Surrogate}\p{Noncharacter_Code_Point}]/u;

/** RFC 7493 section 2.1. */
function textFault(text: string): string | undefined {
  return NOT_TEXT.test(text)
    ? 'A text holds NUL, half a surrogate pair, or a code point that is no character'
    : undefined;
}

/** RFC 7493 section 2.2; a number is read as a double, and written as ECMAScript writes it (RFC 8785 section 3.2.2.3). */
function numberFault(literal: string): string | undefined {
  const number = Number(literal);
  const written = String(number);
  const isSame =
    written === literal || (Number.isFinite(number) && decimalOf(written) === decimalOf(literal));
  return isSame ? undefined : 'The number would be changed: it does not fit in a double. Send it as a text';
}

/** One spelling of a decimal: its digits without zeros around them, and the power of ten that they are multiplied by. */
function decimalOf(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let [first, last] = [0, digits.length];
  while (digits.charAt(first) === '0') first += 1;
  // All zeros: there is one nothing, with whatever sign and exponent.
  if (first === last) return '0';
  while (digits.charAt(last - 1) === '0') last -= 1;
  const power = Number(exponent) - fraction.length + (digits.length - last);
  return `${literal.startsWith('-') ? '-' : ''}${digits.slice(first, last)}e${power}`;
}
