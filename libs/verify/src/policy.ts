import { ED25519, encodeVerifierKey, type Note, type VerifierKey } from '@vouchsafe/transparency-log';
import { KEY_HISTORY, LOG_KEYS, MANIFEST_KEY } from './container/names.js';
import type { KeysInside, KeyUse } from './manifest/keys-inside.js';
import { operatorOf, type Manifest } from './manifest/manifest.js';
import { check, quote } from './problem.js';

/**
 * The policy: whose signature counts for what. Only the keys that the reader gave are trusted; where none were given, the
 * bundle's own stand in for them, and the verdict says so. A checkpoint counts when a key of the log's own name signed
 * it, a manifest when a key named `<operator>/exports` did.
 */
export type Policy = {
  readonly trusted: readonly VerifierKey[];
  readonly isByOwnKeys: boolean;
  readonly inside: KeysInside;
};

export function policyOf(given: readonly VerifierKey[] | undefined, inside: KeysInside): Policy {
  const own = [...inside.logKeys, ...inside.manifestKeys];
  return { trusted: given ?? own, isByOwnKeys: given === undefined, inside };
}

/**
 * Names that the manifest's key may have: of the operator of one of its logs, never a log's own (no id is so short). An operator
 * who was renamed has logs of both names; whose they are, the keys that the reader gives say.
 */
export function manifestKeyNames({ logs }: Pick<Manifest, 'logs'>): string[] {
  return [...new Set(logs.map((log) => `${operatorOf(log) ?? ''}/exports`))];
}

/**
 * The keys that may sign a manifest, as long as it is not known which logs it names. Neither a log, which signs what it is given,
 * nor a witness, who saw checkpoints alone, speaks for an export.
 */
export function manifestSigners(trusted: readonly VerifierKey[]): VerifierKey[] {
  return trusted.filter((key) => key.type === ED25519 && key.name.endsWith('/exports'));
}

/** When a note was signed: after `since` (undefined: nothing is known of it), before `until`. */
export type SigningTime = { readonly since: string | undefined; readonly until: string };

/** That whoever signed a note in one of these names is among the keys inside, and by the history was in use then. */
export function checkKeyInside(
  { trusted, inside }: Policy,
  use: KeyUse,
  { file, note, names }: { file: string; note: Note; names: readonly string[] },
  { since, until }: SigningTime,
): void {
  for (const { name, id } of note.verified.filter((signature) => names.includes(signature.name))) {
    const key = trusted.find((one) => one.name === name && one.id === id);
    const vkey = key && encodeVerifierKey(key);
    const periods = inside.history.filter((period) => period.use === use && period.vkey === vkey);
    const list = use === 'log' ? LOG_KEYS : MANIFEST_KEY;
    check(periods.length > 0, list, `it does not have the key of ${quote(name)} that signed ${file}`);
    const wasInUse = periods.some(
      ({ from, to }) => isBefore(from, until) && (to === null || isBefore(since, to)),
    );
    check(wasInUse, KEY_HISTORY, `by it the key of ${quote(name)} was not in use when it signed ${file}`);
  }
}

/** The times of a history and those of entries are read off different clocks. */
const CLOCKS_APART_MS = 60_000;

/** Not later, but for what clocks may be apart. */
function isBefore(earlier: string | undefined, later: string): boolean {
  return earlier === undefined || Date.parse(earlier) <= Date.parse(later) + CLOCKS_APART_MS;
}
