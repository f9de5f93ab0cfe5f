import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { missingProgram, run } from '../programs.ts';
import { type Row, timed } from '../harness.ts';
import { type BenchMember, LOG_ID, writeBundle } from './bundle.ts';

const ENTRIES = 500_000;
const verifier = path.join(import.meta.dirname, '../../libs/verify/dist/vouchsafe-verify.mjs');

/** The offline verifier, as a customer runs it, beside the hashes alone and beside Go's sumdb/tlog on the same bundle. */
export const row: Row = {
  run: async ({ compete, afterwards, size }) => {
    const entries = size(ENTRIES);
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bench-verify-'));
    afterwards(() => rm(folder, { recursive: true }));
    const { file, bytes, members, vkeys } = await writeBundle(folder, entries);
    const goProgram = path.join(folder, 'tlog-verify');
    if (!missingProgram(['go'])) {
      await run('go', ['build', '-o', goProgram, '.'], { cwd: path.join(import.meta.dirname, '../tlog') });
    }
    const keys = vkeys.flatMap((vkey) => ['--vkey', vkey]);
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one process, as many threads as processors',
        payload: `${entries} entries, ${Math.round(bytes / 1e6)} MB`,
        durability: 'none: reads a file',
      },
      warmUp: false,
      ours: () => timed(entries, () => run(process.execPath, [verifier, file, ...keys])),
      peers: [
        {
          name: 'bare hashes by crypto.hash, one thread',
          // Plain code decides, not speed.
          atLeast: 0.2,
          run: () => timed(entries, () => bareHashes(file, members, entries)),
        },
        {
          name: 'Go, golang.org/x/mod/sumdb/tlog (inclusion of every entry alone)',
          atLeast: 0.2,
          needs: ['go'],
          run: () => timed(entries, () => run(goProgram, [file, LOG_ID])),
        },
      ],
    });
  },
};

type Read = (offset: number, length: number) => Uint8Array;

/** The hashes that a verifier cannot do without: of every file, leaf, disclosure and pair of neighbours. Nothing is compared. */
function bareHashes(file: string, members: readonly BenchMember[], entries: number): void {
  const descriptor = openSync(file, 'r');
  const read: Read = (offset, length) => {
    const bytes = Buffer.allocUnsafe(length);
    if (readSync(descriptor, bytes, 0, length, offset) !== length) throw new Error('The bundle is too short');
    return bytes;
  };
  for (const member of members) {
    const sha256 = createHash('sha256');
    for (const chunk of chunksOf(member, read)) sha256.update(chunk);
    sha256.digest();
  }
  const named = (name: string) => members.find((member) => member.name === `${LOG_ID}/${name}`);
  const leaves = hashLines(named('entries.ndjson'), read, (line) => line);
  // What stands between the quotes of `{"disclosures":["...`: as many bytes as one disclosure has, more or less.
  hashLines(named('disclosures.ndjson'), read, (line) => line.subarray(17, line.indexOf(0x22, 17)));
  if (leaves !== entries) throw new Error(`${leaves} lines are not ${entries} leaves`);
  const node = Buffer.alloc(65, 1);
  for (let i = 1; i < leaves; i += 1) hash('sha256', node, 'binary');
  closeSync(descriptor);
}

function hashLines(member: BenchMember | undefined, read: Read, hashed: (line: Buffer) => Buffer): number {
  if (!member) throw new Error('The bundle has no such file');
  let [lines, rest] = [0, Buffer.alloc(0)];
  for (const chunk of chunksOf(member, read)) {
    const bytes = Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      hash('sha256', hashed(bytes.subarray(at, end)), 'binary');
      lines += 1;
      at = end + 1;
    }
    rest = bytes.subarray(at);
  }
  return lines;
}

function* chunksOf({ dataOffset, size }: BenchMember, read: Read): Generator<Uint8Array> {
  for (let at = 0; at < size; at += CHUNK) yield read(dataOffset + at, Math.min(CHUNK, size - at));
}

const CHUNK = 1024 * 1024;
