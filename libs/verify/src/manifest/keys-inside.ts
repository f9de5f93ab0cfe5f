import {
  encodeVerifierKey,
  isNestedDeeper,
  parseJson,
  parseVerifierKey,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import type { BundleFiles } from '../container/bundle-files.js';
import { KEY_HISTORY, LOG_KEYS, MANIFEST_KEY } from '../container/names.js';
import { isInstant } from '../instant.js';
import { MAX_KEYS_BYTES } from '../limits.js';
import { Problem, check } from '../problem.js';
import { listOf, nullable, object, oneOf, text, type Shaped } from './shape.js';

/** The keys inside the bundle. They prove nothing by themselves, but whoever checks by hand will take them. */
export type KeysInside = {
  readonly logKeys: readonly VerifierKey[];
  readonly manifestKeys: readonly VerifierKey[];
  /** From when to when each key signed, as the bundle says. */
  readonly history: KeyHistory;
};

const keyHistory = listOf(
  object({
    vkey: text,
    use: oneOf('log', 'manifest'),
    from: isInstant,
    /** Null for the one in use. */
    to: nullable(isInstant),
  }),
);

export type KeyHistory = Shaped<typeof keyHistory>;
export type KeyUse = KeyHistory[number]['use'];

/** Lists and history must say the same, and no key for manifests has a log's name. */
export function readKeysInside(files: BundleFiles): KeysInside {
  const whole = (name: string): Buffer => files.whole(name, MAX_KEYS_BYTES);
  const logKeys = parseKeyFile(LOG_KEYS, whole(LOG_KEYS));
  const manifestKeys = parseKeyFile(MANIFEST_KEY, whole(MANIFEST_KEY));
  const history = parseHistory(whole(KEY_HISTORY));
  check(history !== undefined, KEY_HISTORY, 'it is not a history of keys');
  for (const [use, list, keys] of [
    ['log', LOG_KEYS, logKeys],
    ['manifest', MANIFEST_KEY, manifestKeys],
  ] as const) {
    const inHistory = history.filter((period) => period.use === use).map(({ vkey }) => vkey);
    const isSame = inHistory.join() === keys.map(encodeVerifierKey).join();
    check(isSame, KEY_HISTORY, `it names other keys than ${list}`);
  }
  const logNames = new Set(logKeys.map((key) => key.name));
  const isApart = manifestKeys.every((key) => !logNames.has(key.name));
  check(isApart, MANIFEST_KEY, "a manifest's key has a log's name");
  return { logKeys, manifestKeys, history };
}

/** The list, and an object in it. */
const LEVELS = 2;

function parseHistory(bytes: Uint8Array): KeyHistory | undefined {
  try {
    const text = Buffer.from(bytes).toString('utf8');
    if (isNestedDeeper(text, LEVELS)) return undefined;
    const value = parseJson(text);
    if (!keyHistory(value) || !value.every(({ from, to }) => to === null || from <= to)) return undefined;
    // The one form of its bytes: members in this order, indented by two, a newline at the end.
    const ordered = value.map(({ vkey, use, from, to }) => ({ vkey, use, from, to }));
    return Buffer.from(`${JSON.stringify(ordered, null, 2)}\n`).equals(bytes) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Verifier keys, one a line; `name` is the file's. */
export function parseKeyFile(name: string, bytes: Buffer): VerifierKey[] {
  const content = bytes.toString('utf8');
  check(content === '' || content.endsWith('\n'), name, 'its last line has no end');
  return content
    .split('\n')
    .slice(0, -1)
    .map((line, i) => {
      const parsed = parseVerifierKey(line);
      if ('error' in parsed) throw new Problem(name, `not a verifier key: ${parsed.error}`, i + 1);
      return parsed.key;
    });
}
