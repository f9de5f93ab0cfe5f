import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect } from '@jest/globals';
import type { VerifierKey } from '@vouchsafe/transparency-log';
import type { ByteSource } from './container/zip.js';
import type { RunChecker } from './entries/verify-entries.js';
import { singleFile } from './program.fixture.js';
import { startThreads } from './threads.js';
import { verifyBundle as verifyInOneThread, type Verification } from './verify-bundle.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-threads-'));
const program = pathToFileURL(singleFile(folder).file);
const pools = [2, 8].map((count) => startThreads(program, count));

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  rmSync(folder, { recursive: true });
});

/** As `verifyBundle`, by one thread, by two and by eight: what they say is the same to the last word. */
export async function verifyBundle(
  source: ByteSource,
  given?: readonly VerifierKey[],
): Promise<Verification> {
  const found = await verifyInOneThread(source, given);
  for (const pool of pools) {
    const left: RunChecker = { ...pool, close: () => Promise.resolve() };
    expect(await verifyInOneThread(source, given, () => left)).toEqual(found);
  }
  return found;
}
