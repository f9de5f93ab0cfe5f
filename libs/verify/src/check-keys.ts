import {
  KEY_HISTORY,
  LOG_KEYS,
  MANIFEST_KEY,
  parseKeyHistory,
  type KeyPeriod,
} from '@vouchsafe/forensic-bundle';
import {
  encodeVerifierKey,
  parseVerifierKey,
  type Note,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';

/** The keys inside the bundle. They prove nothing by themselves, but whoever checks by hand will take them. */
export type OwnKeys = {
  readonly keys: readonly VerifierKey[];
  /**
   * That whoever signed a note in one of these names is in the list for this use, and was in use by the history: from
   * before `until`, to after `since` (undefined: nothing is known of it).
   */
  readonly checkUse: (file: string, note: Note, use: KeyPeriod['use'], when: Times) => void;
};

export type Times = {
  readonly names: readonly string[];
  readonly since: string | undefined;
  readonly until: string;
};

/** The times of a history and those of entries are read off different clocks. */
const CLOCKS_APART_MS = 60_000;

/** Lists and history must say the same. `trusted`: the keys that were given; else the bundle's own. */
export function readOwnKeys(members: Members, trusted: readonly VerifierKey[] | undefined): OwnKeys {
  const logKeys = readKeyFile(members, LOG_KEYS);
  const manifestKeys = readKeyFile(members, MANIFEST_KEY);
  const history = parseKeyHistory(members.whole(KEY_HISTORY));
  check(history !== undefined, KEY_HISTORY, 'it is not a history of keys');
  const periodsOf = (use: KeyPeriod['use']) => history.filter((period) => period.use === use);
  const named = (use: KeyPeriod['use']): string =>
    periodsOf(use)
      .map((period) => period.vkey)
      .join();
  check(
    named('log') === logKeys.map(encodeVerifierKey).join(),
    KEY_HISTORY,
    `it names other keys than ${LOG_KEYS}`,
  );
  const manifests = manifestKeys.map(encodeVerifierKey).join();
  check(named('manifest') === manifests, KEY_HISTORY, `it names other keys than ${MANIFEST_KEY}`);
  const logNames = new Set(logKeys.map((key) => key.name));
  const shared = manifestKeys.find((key) => logNames.has(key.name));
  check(shared === undefined, MANIFEST_KEY, "a manifest's key has a log's name");
  const keys = [...logKeys, ...manifestKeys];
  return {
    keys,
    checkUse: (file, note, use, { names, since, until }) => {
      const signers = note.verified.filter(({ name }) => names.includes(name));
      for (const { name, id } of signers) {
        const key = (trusted ?? keys).find((one) => one.name === name && one.id === id);
        const vkey = key && encodeVerifierKey(key);
        const periods = periodsOf(use).filter((period) => period.vkey === vkey);
        const list = use === 'log' ? LOG_KEYS : MANIFEST_KEY;
        check(periods.length > 0, list, `it does not have the key of ${name} that signed ${file}`);
        const wasUsed = periods.some(
          ({ from, to }) => isBefore(from, until) && (to === null || isBefore(since, to)),
        );
        check(wasUsed, KEY_HISTORY, `by it the key of ${name} was not in use when it signed ${file}`);
      }
    },
  };
}

/** Not later, but for what clocks may be apart. */
function isBefore(earlier: string | undefined, later: string): boolean {
  return earlier === undefined || Date.parse(earlier) <= Date.parse(later) + CLOCKS_APART_MS;
}

function readKeyFile(members: Members, name: string): VerifierKey[] {
  const text = members.whole(name).toString('utf8');
  check(text === '' || text.endsWith('\n'), name, 'its last line has no end');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, i) => {
      const parsed = parseVerifierKey(line);
      if ('error' in parsed) throw new Problem(name, `not a verifier key: ${parsed.error}`, i + 1);
      return parsed.key;
    });
}
