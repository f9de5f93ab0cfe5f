import { KEY_HISTORY, LOG_KEYS, MANIFEST_KEY, parseKeyHistory } from '@vouchsafe/forensic-bundle';
import { encodeVerifierKey, parseVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';
import type { Members } from './members.js';
import { Problem, check } from './problem.js';

/** The keys inside the bundle: lists and history must say the same. They prove nothing by themselves. */
export function readOwnKeys(members: Members): VerifierKey[] {
  const logKeys = readKeyFile(members, LOG_KEYS);
  const manifestKeys = readKeyFile(members, MANIFEST_KEY);
  const history = parseKeyHistory(members.whole(KEY_HISTORY));
  check(history !== undefined, KEY_HISTORY, 'it is not a history of keys');
  const named = (use: 'log' | 'manifest'): string =>
    history
      .filter((period) => period.use === use)
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
  return [...logKeys, ...manifestKeys];
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
