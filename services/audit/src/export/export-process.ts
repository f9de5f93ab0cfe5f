import { Database } from '@vouchsafe/database';
import { BundleTooLargeError } from '@vouchsafe/forensic-bundle';
import { errorWords } from '@vouchsafe/service-host';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import type { ExporterAnswer, ExporterOrder } from './exporter-process.js';
import { LostLeaseError } from './lease.js';
import { makeBundle } from './make-bundle.js';

/** The exporter's program: makes the one bundle that it is told to make, and ends. */
process.once('message', (order: ExporterOrder) => void carryOut(order));
// The service is gone: its lease will run out, and another instance begins again.
process.once('disconnect', () => process.exit(1));

async function carryOut({ job, settings }: ExporterOrder): Promise<void> {
  const { databaseUrl, passwords, kekFile, environment, keyCacheMs, ...making } = settings;
  const now = () => new Date();
  const database = new Database({
    service: 'audit',
    url: databaseUrl,
    password: (role) => {
      if (role === 'request' || role === 'worker') return passwords[role];
      throw new Error(`The exporter does not connect as ${role}`);
    },
    poolSize: 2,
  });
  let answer: ExporterAnswer = { status: 'made' };
  try {
    const provider = await localKeyProvider(kekFile);
    const vault = new Vault({ provider, environment, now, cacheMilliseconds: keyCacheMs });
    await makeBundle(job, { ...making, database, vault, now }, new AbortController().signal);
  } catch (error) {
    if (error instanceof LostLeaseError) answer = { status: 'lost' };
    else if (error instanceof BundleTooLargeError) answer = { status: 'too-large', why: error.message };
    else answer = { status: 'failed', why: error instanceof Error ? errorWords(error).stack : typeof error };
  }
  await database.close();
  process.removeAllListeners('disconnect');
  process.send?.(answer, () => process.disconnect());
}
