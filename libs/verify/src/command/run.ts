import { readFileSync } from 'node:fs';
// By their default exports: a Node that is too old lacks what is used of them, and must get as far as to say that it is too old.
import os from 'node:os';
import util from 'node:util';
import type { VerifierKey } from '@vouchsafe/transparency-log';
import { IN_THIS_THREAD, type RunChecker } from '../entries/verify-entries.js';
import { Unreadable } from '../problem.js';
import { startThreads } from '../threads.js';
import { CERTIFICATE } from '../certificate/certificate.js';
import { verifyCertificate, type CertificateVerification } from '../certificate/verify-certificate.js';
import { RECEIPT } from '../receipt/receipt.js';
import { type ReceiptVerification, verifyReceipt } from '../receipt/verify-receipt.js';
import { RETURN_MANIFEST } from '../return/return-manifest.js';
import { verifyReturn, type ReturnVerification } from '../return/verify-return.js';
import { isDocument } from '../signed-document.js';
import { verifyBundle, type Verification } from '../verify-bundle.js';
import { openSource, type OpenSource } from './bundle-source.js';
import { filesBeside } from './files-beside.js';
import { keysGiven } from './keys-given.js';
import { certificateInPlainWords } from './certificate-words.js';
import { EXIT_CODES, inPlainWords } from './plain-words.js';
import { receiptInPlainWords } from './receipt-words.js';
import { returnInPlainWords } from './return-words.js';
import { shown } from './shown.js';

const USAGE = `Usage: vouchsafe-verify FILE [--vkey KEY|FILE]... [--threads N]

Checks a forensic bundle (a ZIP), a deletion certificate, the receipt of a person's erasure, or a part of an organization's
returned data, offline. FILE is its name, or - for standard input; of a part, the manifest.note beside its unpacked files.
KEY is a verifier key (name+hash+base64), FILE of --vkey has one per line: get them from a source other than what you check.
N threads check the entries of a bundle; the verdict does not depend on N.

  --vkey     a key that you trust; can be repeated
  --threads  how many threads check the entries, 1 to 99
  --help     prints this, as the only argument

Exit code: 0 it holds; 1 it does not hold; 2 it cannot be read; 3 it holds only against the keys inside it.
Any other code is no verdict: 64 the command was used wrongly, 70 the verifier failed, 74 the verdict could not be
written.
`;

/**
 * Codes that are no verdict, apart from all that Node.js itself ends with (1 to 13, and 128 and a signal): EX_USAGE,
 * EX_SOFTWARE and EX_IOERR of sysexits.h.
 */
export const FAULT_CODES = { usage: 64, failed: 70, notWritten: 74 } as const;

/** `out` goes to standard output if it is a verdict or the help, and to standard error if the usage was wrong. */
export type Output = {
  readonly kind: 'verdict' | 'help' | 'wrong-usage';
  readonly code: number;
  readonly out: string;
};

/**
 * The command, from its arguments to what it prints and its exit code. `program` is the file that threads run; without it none is
 * started.
 * Throws what is a fault of the verifier or of its machine.
 */
export async function run(args: readonly string[], program?: URL): Promise<Output> {
  const parsed = parseArguments(args);
  if (parsed === 'help') return { kind: 'help', code: 0, out: USAGE };
  if ('error' in parsed)
    return { kind: 'wrong-usage', code: FAULT_CODES.usage, out: `${parsed.error}\n\n${USAGE}` };
  const { file, keys, threads } = parsed;
  const name = file === '-' ? 'Standard input' : file;
  const found = await verifyFile(file, keys, (entries) => chooseChecker(entries, threads, program));
  return { kind: 'verdict', code: EXIT_CODES[found.status], out: wordsOf(name, found) };
}

type Verified = Verification | CertificateVerification | ReceiptVerification | ReturnVerification;

function wordsOf(name: string, found: Verified): string {
  if ('certificate' in found) return certificateInPlainWords(name, found);
  if ('receipt' in found) return receiptInPlainWords(name, found);
  return 'returned' in found ? returnInPlainWords(name, found) : inPlainWords(name, found);
}

/** Fewer are checked in less time than threads take to start. */
const FEW_ENTRIES = 10_000;
/** More are started only on request: the others would wait for the thread that reads. */
const MOST_THREADS = 8;

/** As many threads as there are processors, unless their number was given. With one, this thread checks the entries itself. */
function chooseChecker(entries: number, given: number | undefined, program: URL | undefined): RunChecker {
  const count = given ?? (entries < FEW_ENTRIES ? 1 : Math.min(os.availableParallelism(), MOST_THREADS));
  return program === undefined || count === 1 ? IN_THIS_THREAD : startThreads(program, count);
}

async function verifyFile(
  file: string,
  keys: readonly VerifierKey[] | undefined,
  checkerFor: (entries: number) => RunChecker,
): Promise<Verified> {
  let opened: OpenSource | undefined;
  try {
    opened = await openSource(file);
    if (isDocument(opened.source, CERTIFICATE)) return verifyCertificate(opened.source, keys);
    if (isDocument(opened.source, RECEIPT)) return verifyReceipt(opened.source, keys);
    if (isDocument(opened.source, RETURN_MANIFEST)) {
      if (file === '-') throw new Unreadable('the files of a part are beside its manifest: give its name');
      return verifyReturn(opened.source, keys, filesBeside(file));
    }
    return await verifyBundle(opened.source, keys, checkerFor);
  } catch (error) {
    if (error instanceof Unreadable) return { status: 'unreadable', why: error.message };
    throw error;
  } finally {
    await opened?.close();
  }
}

type Arguments = {
  readonly file: string;
  readonly keys: readonly VerifierKey[] | undefined;
  readonly threads: number | undefined;
};

function parseArguments(args: readonly string[]): Arguments | 'help' | { error: string } {
  const options = {
    vkey: { type: 'string', multiple: true },
    threads: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = util.parseArgs({ args: [...args], options, allowPositionals: true });
    // 0 means a verified bundle: a bundle that is named `--help` must not get it unread.
    if (values.help) return args.length === 1 ? 'help' : { error: '--help must be the only argument.' };
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) return { error: 'Give one file to check.' };
    if (values.threads !== undefined && !/^[1-9]\d?$/.test(values.threads))
      return { error: '--threads takes a number from 1 to 99.' };
    const threads = values.threads === undefined ? undefined : Number(values.threads);
    if (!values.vkey) return { file, keys: undefined, threads };
    const keys = keysGiven(values.vkey, (name) => readFileSync(name));
    return 'error' in keys ? keys : { file, keys: keys.keys, threads };
  } catch (error) {
    // It repeats what was given.
    return { error: shown(error instanceof Error ? error.message : String(error)) };
  }
}
