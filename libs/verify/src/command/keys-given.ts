import { parseVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';
import { shown } from './shown.js';

/**
 * The keys of `--vkey`: each value is a verifier key, or else the name of a file with one key a line. White space around
 * a key is ignored, as are empty lines and lines that start with `#`. `readFile` throws where there is no such file.
 */
export function keysGiven(
  values: readonly string[],
  readFile: (name: string) => Uint8Array,
): { keys: VerifierKey[] } | { error: string } {
  const keys: VerifierKey[] = [];
  for (const value of values) {
    const literal = parseVerifierKey(value.trim());
    if ('key' in literal) {
      keys.push(literal.key);
      continue;
    }
    const read = readKeyFile(value, readFile);
    if (read === undefined) {
      const why = `this is neither a verifier key (${literal.error}) nor a file that can be read`;
      return { error: `--vkey ${shown(value)}: ${why}` };
    }
    for (const [i, line] of read.split(/\r\n|\r|\n/).entries()) {
      const text = line.trim();
      if (text === '' || text.startsWith('#')) continue;
      const parsed = parseVerifierKey(text);
      if ('error' in parsed)
        return { error: `${shown(value)}, line ${i + 1}: not a verifier key (${parsed.error})` };
      keys.push(parsed.key);
    }
  }
  return keys.length > 0 ? { keys } : { error: 'there is no key in the files given with --vkey' };
}

function readKeyFile(name: string, readFile: (name: string) => Uint8Array): string | undefined {
  try {
    return textOf(readFile(name));
  } catch {
    return undefined;
  }
}

/** Editors put a byte order mark before a text, and Windows PowerShell's `>` writes UTF-16; neither changes what the file says. */
function textOf(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}
