/** The names and indices down to a place. */
export type JsonPath = readonly (string | number)[];

/** What a reader may have against a JSON text, token by token: each answers with a fault, or undefined; `place` says where it stands. */
export interface JsonCheck {
  /** An object or list opens; `depth` counts it. */
  readonly opened: (depth: number) => string | undefined;
  /** A name in front of its value; `object` holds the members before it, and is the place. */
  readonly name: (name: string, object: object, place: () => JsonPath) => string | undefined;
  readonly text: (text: string, place: () => JsonPath) => string | undefined;
  /** As it is spelled. */
  readonly number: (literal: string, place: () => JsonPath) => string | undefined;
}

export type CheckedJson = { readonly value: unknown } | { readonly fault: string; readonly path: JsonPath };

/**
 * `JSON.parse` with the names that the text says. V8's takes an escaped name for one that it has seen before when that begins
 * as the escape is spelled: after `{"h":[],"\\":0}`, the name in `{"h":1,"\"":2}` is read as a backslash (nodejs/node#63785, in
 * Node 24 and 26). What one caller sends would change what another's is read as.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  // Without an escape there is nothing to mistake.
  if (!text.includes('\\')) return JSON.parse(text) as unknown;
  const read = parseCheckedJson(text, allIsWell);
  return 'value' in read ? read.value : undefined;
}

const none = () => undefined;
const allIsWell: JsonCheck = { opened: none, name: none, text: none, number: none };

/**
 * Whether objects and lists are nested deeper than `levels`. The text is not parsed: a parser takes memory for each level, many times
 * the one byte that it has in a hostile text.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (isInString && character === '\\') at += 1;
    else if (character === '"') isInString = !isInString;
    else if (!isInString && (character === '{' || character === '[')) depth += 1;
    else if (!isInString && (character === '}' || character === ']')) depth -= 1;
    if (depth > levels) return true;
  }
  return false;
}

interface Open {
  readonly into: unknown[] | Record<string, unknown>;
  /** The member's name; undefined in front of one, and of lists. */
  name: string | undefined;
}

/**
 * As `parseJson`, where whatever `check` finds fault with is not read. Every member becomes an own property, `__proto__`, too: copy by
 * spread or into an object without prototype, never by assignment.
 * @throws SyntaxError
 */
export function parseCheckedJson(text: string, check: JsonCheck): CheckedJson {
  // Says whether it is JSON; from here on the text's grammar is known to be right.
  JSON.parse(text);
  const root: unknown[] = [];
  const open: Open[] = [{ into: root, name: undefined }];
  const place = () => pathOf(open);
  let at = 0;
  while (at < text.length) {
    const within = open.at(-1);
    if (!within) throw new Error('A JSON text closes what it has opened');
    const character = text.charAt(at);
    let end = at + 1;
    let fault: string | undefined;
    if (character === '{' || character === '[') {
      fault = check.opened(open.length);
      if (fault === undefined) open.push(opened(within, character === '{' ? {} : []));
    } else if (character === '}' || character === ']') open.pop();
    else if (character === ',') within.name = undefined;
    else if (character === '"') {
      end = endOfString(text, at);
      fault = readString(within, stringAt(text, at, end), check, place);
    } else if (!' \n\r\t:'.includes(character)) {
      end = endOfLiteral(text, at);
      const literal = text.slice(at, end);
      fault = readLiteral(within, literal, check, place);
    }
    if (fault !== undefined) return { fault, path: place() };
    at = end;
  }
  return { value: root[0] };
}

function opened(within: Open, into: Open['into']): Open {
  put(within, into);
  return { into, name: undefined };
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : raw;
}

function endOfLiteral(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && !' \n\r\t,]}'.includes(text.charAt(at))) at += 1;
  return at;
}

function readString(within: Open, text: string, check: JsonCheck, place: () => JsonPath): string | undefined {
  if (Array.isArray(within.into) || within.name !== undefined) {
    const fault = check.text(text, place);
    if (fault === undefined) put(within, text);
    return fault;
  }
  const fault = check.name(text, within.into, place);
  within.name = text;
  return fault;
}

function readLiteral(
  within: Open,
  literal: string,
  check: JsonCheck,
  place: () => JsonPath,
): string | undefined {
  const word = words.get(literal);
  if (word === undefined) {
    const fault = check.number(literal, place);
    if (fault !== undefined) return fault;
  }
  put(within, word === undefined ? Number(literal) : word);
  return undefined;
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function put({ into, name }: Open, value: unknown): void {
  if (Array.isArray(into)) into.push(value);
  else if (name === '__proto__')
    Object.defineProperty(into, name, { value, writable: true, enumerable: true, configurable: true });
  else if (name !== undefined) into[name] = value;
}

/** Of what is open, but the list around the whole text. In the innermost the place at fault is still to come. */
function pathOf(open: readonly Open[]): JsonPath {
  return open.slice(1).flatMap(({ into, name }, nth, inner) => {
    if (!Array.isArray(into)) return name ?? [];
    return nth < inner.length - 1 ? into.length - 1 : into.length;
  });
}
