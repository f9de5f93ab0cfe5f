import { parseVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';

/**
 * The keys of `--vkey`: each value is a verifier key, or else the name of a file with one key a line (empty lines and
 * lines that start with `#` are passed over). `readFile` throws where there is no such file.
 */
export function keysGiven(
  values: readonly string[],
  readFile: (name: string) => string,
): { keys: VerifierKey[] } | { error: string } {
  const keys: VerifierKey[] = [];
  for (const value of values) {
    const literal = parseVerifierKey(value);
    if ('key' in literal) {
      keys.push(literal.key);
      continue;
    }
    let text: string;
    try {
      text = readFile(value);
    } catch {
      return {
        error: `--vkey ${value}: this is neither a verifier key (${literal.error}) nor a file that can be read`,
      };
    }
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      if (line === '' || line.startsWith('#')) continue;
      const parsed = parseVerifierKey(line);
      if ('error' in parsed)
        return { error: `${value}, line ${i + 1}: not a verifier key (${parsed.error})` };
      keys.push(parsed.key);
    }
  }
  return keys.length > 0 ? { keys } : { error: 'there is no key in the files given with --vkey' };
}
