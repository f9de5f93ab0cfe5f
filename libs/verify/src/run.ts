import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ByteSource } from '@vouchsafe/forensic-bundle';
import type { VerifierKey } from '@vouchsafe/transparency-log';
import { describerFor } from './describer.js';
import { keysGiven } from './keys-given.js';
import { EXIT_CODES, inPlainWords } from './plain-words.js';
import { verifyBundle } from './verify-bundle.js';

export const USAGE = `Usage: vouchsafe-verify BUNDLE.zip [--vkey KEY|FILE]... [--vkeys FILE]...

Checks a forensic bundle, offline. KEY is a verifier key (name+hash+base64), FILE has one a line: get them from
somewhere else than the bundle.

Exit code: 0 it holds; 1 it does not hold; 2 it can not be read; 3 it holds against the keys inside it only.
`;

export type Output = { readonly code: 0 | 1 | 2 | 3; readonly out: string };

/** The command, from its arguments to what it prints and its exit code. Never throws. */
export async function run(args: readonly string[]): Promise<Output> {
  const parsed = parseArguments(args);
  if (parsed === 'help') return { code: 0, out: USAGE };
  if ('error' in parsed) return { code: 2, out: `${parsed.error}\n\n${USAGE}` };
  const { file, keys } = parsed;
  try {
    const descriptor = openSync(file, 'r');
    const source = fileSource(descriptor);
    const describer = describerFor(source.size);
    try {
      const found = await verifyBundle(source, keys, describer);
      return { code: EXIT_CODES[found.status], out: inPlainWords(file, found) };
    } finally {
      await describer.stop();
      closeSync(descriptor);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { code: 2, out: inPlainWords(file, { status: 'unreadable', why }) };
  }
}

type Arguments = { readonly file: string; readonly keys?: readonly VerifierKey[] };

function parseArguments(args: readonly string[]): Arguments | 'help' | { error: string } {
  const options = {
    vkey: { type: 'string', multiple: true },
    vkeys: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return 'help';
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) return { error: 'Give one bundle to check.' };
    const given = [...(values.vkey ?? []), ...(values.vkeys ?? [])];
    if (given.length === 0) return { file };
    const keys = keysGiven(given, (name) => readFileSync(name, 'utf8'));
    return 'error' in keys ? keys : { file, keys: keys.keys };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function fileSource(descriptor: number): ByteSource {
  const { size } = fstatSync(descriptor);
  return {
    size,
    read: (offset, length, room) => {
      const bytes = room?.subarray(0, length) ?? Buffer.allocUnsafe(length);
      for (let done = 0; done < length;) {
        const got = readSync(descriptor, bytes, done, length - done, offset + done);
        if (got === 0) throw new Error('the file became shorter while it was read');
        done += got;
      }
      return bytes;
    },
  };
}
