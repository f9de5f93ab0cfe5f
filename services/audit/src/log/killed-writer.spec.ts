import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database, Transaction } from '@vouchsafe/database';
import {
  leafHashes,
  openCheckpoint,
  parseVerifierKey,
  rootFromTiles,
  rootOf,
  tilesInMemory,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import {
  type AuditDatabase,
  auditDatabase,
  entry,
  naming,
  originName,
  ours,
  theirs,
} from '../testing/audit-database.js';
import { signAllGrown } from './checkpoint-signer.js';
import { tilesOf } from './log-reader.js';
import { Recorder } from './record.js';

let audit: AuditDatabase;
beforeAll(async () => {
  audit = await auditDatabase();
});
afterAll(() => audit.stop());

/** Ends the server's process behind a transaction: what a kill -9 of the service or of Postgres leaves of it. */
const die = (transaction: Transaction) => transaction.query('select pg_terminate_backend(pg_backend_pid())');

/** The transaction, with a death before its `nth` statement; `alive` tells that there were fewer. */
function mortal(transaction: Transaction, nth: number) {
  let statements = 0;
  const query: Transaction['query'] = async (text, values) => {
    if (statements++ === nth) await die(transaction);
    return transaction.query(text, values);
  };
  return {
    transaction: Object.assign(Object.create(transaction) as Transaction, { query }),
    alive: () => statements <= nth,
  };
}

/** A database in which the worker's transactions die before their `nth` statement, counted over all of them. */
function mortalDatabase(database: Database, nth: number) {
  let before = 0;
  const dead = { yes: false };
  const asWorker: Database['asWorker'] = (work) =>
    database.asWorker(async (transaction) => {
      let statements = 0;
      const query: Transaction['query'] = async (text, values) => {
        if (before + statements++ === nth) {
          dead.yes = true;
          await die(transaction);
        }
        return transaction.query(text, values);
      };
      const result = await work(Object.assign(Object.create(transaction) as Transaction, { query }));
      before += statements;
      return result;
    });
  return { database: Object.assign(Object.create(database) as Database, { asWorker }), dead };
}

const now = () => audit.clock.now();
const newRecorder = () => new Recorder(audit.vault, audit.clock, naming);
const signing = (database = audit.database) => ({ database, vault: audit.vault, now });

/** Everything that must hold of every log, whatever was killed when. */
async function expectSoundLogs(): Promise<void> {
  await audit.database.asWorker(async (sql) => {
    const logs = await sql.query<{
      log_id: string;
      size: string;
      right_edge: Buffer;
      checkpoint_size: string;
    }>('select * from log');
    for (const { log_id: logId, size: text, right_edge: edge, checkpoint_size: signed } of logs) {
      const size = Number(text);
      const entries = await sql.query<{ index: string; leaf: Buffer }>(
        'select index, leaf from entry where log_id = $1 order by index',
        [logId],
      );
      expect(entries.map((row) => Number(row.index))).toEqual([...Array(size).keys()]);
      const hashes = leafHashes(entries.map((row) => row.leaf));
      const root = rootOf({ size, edge });
      expect(Buffer.from(await rootFromTiles(tilesInMemory(hashes), size))).toEqual(Buffer.from(root));
      expect(Buffer.from(await rootFromTiles(tilesOf(sql, logId), size))).toEqual(Buffer.from(root));
      const disclosures = await sql.query('select distinct index from disclosure where log_id = $1', [logId]);
      expect(disclosures).toHaveLength(size);
      const key = await keyOf(sql, logId);
      const checkpoints = await sql.query<{ size: string; note: Buffer }>(
        'select size, note from checkpoint where log_id = $1 order by size',
        [logId],
      );
      for (const { size: at, note } of checkpoints) {
        const opened = openCheckpoint(note, `${originName}/${logId}`, [key]);
        const covered = Number(at);
        const prefix = await rootFromTiles(tilesInMemory(hashes.subarray(0, covered * 32)), covered);
        expect(opened).toMatchObject({
          status: 'opened',
          checkpoint: { size: covered, root: Buffer.from(prefix) },
        });
      }
      expect(Number(checkpoints.at(-1)?.size ?? 0)).toBe(Number(signed));
    }
  });
}

async function keyOf(sql: Transaction, logId: string): Promise<VerifierKey> {
  const [row] = await sql.query<{ vkey: string }>('select vkey from signing_key where log_id = $1', [logId]);
  const parsed = parseVerifierKey(row?.vkey ?? '');
  if (!('key' in parsed)) throw new Error(parsed.error);
  return parsed.key;
}

const count = async () => {
  const [row] = await audit.database.asWorker((sql) =>
    sql.query<{ n: string }>('select count(*) as n from entry'),
  );
  return Number(row?.n);
};

describe('a writer that is killed', () => {
  it('before any of its statements has recorded nothing, and its retry records all of it once', async () => {
    let deaths = 0;
    for (let nth = 0; ; nth += 1) {
      const before = await count();
      const entries = [
        ...Array.from({ length: 130 }, (_, i) => entry({ id: `${nth}-${i}` })),
        // A log that does not exist yet: opening it and making its key may be cut off, too.
        entry({ id: `${nth}`, organizationId: `5b0c7cbd-6b3c-4f0a-9a0e-${String(nth).padStart(12, '0')}` }),
      ];
      const recorder = newRecorder();
      let survived = false;
      const attempt = audit.database.asWorker(async (transaction) => {
        const { transaction: doomed, alive } = mortal(transaction, nth);
        const answer = await recorder.record(doomed, entries);
        survived = alive();
        return answer;
      });
      if (
        await attempt.then(
          () => survived,
          () => false,
        )
      )
        break;
      deaths += 1;
      expect(await count()).toBe(before);
      const [first, second] = [
        await audit.database.asWorker((sql) => newRecorder().record(sql, entries)),
        await audit.database.asWorker((sql) => newRecorder().record(sql, entries)),
      ];
      if (first.status !== 'recorded') throw new Error(first.because);
      expect(second).toMatchObject({ status: 'recorded', locations: first.locations });
      expect(await count()).toBe(before + 131);
      if (nth % 4 === 0) await signAllGrown(signing());
    }
    // Heads, keys, opening of the log and its key, entries, disclosures, submissions, bundles, tiles, head.
    expect(deaths).toBeGreaterThan(10);
    await expectSoundLogs();
  });

  it('after its commit, before anything is signed, has its checkpoint from whoever comes next', async () => {
    await audit.database.asWorker((sql) =>
      newRecorder().record(sql, [entry(), entry({ organizationId: theirs })]),
    );
    await signAllGrown(signing());
    await expectSoundLogs();
    const unsigned = await audit.database.asWorker((sql) =>
      sql.query('select 1 from log where size > checkpoint_size'),
    );
    expect(unsigned).toEqual([]);
  });
});

describe('a signer that is killed', () => {
  it('before any of its statements has signed nothing twice and nothing wrong', async () => {
    for (let nth = 0; ; nth += 1) {
      await audit.database.asWorker((sql) =>
        newRecorder().record(sql, [entry(), entry({ organizationId: theirs })]),
      );
      const { database, dead } = mortalDatabase(audit.database, nth);
      await signAllGrown(signing(database)).catch(() => undefined);
      if (!dead.yes) break;
      // More is recorded before the next signer comes.
      await audit.database.asWorker((sql) => newRecorder().record(sql, [entry()]));
      await signAllGrown(signing());
    }
    await expectSoundLogs();
    const [row] = await audit.database.forOrganization(ours, (sql) =>
      sql.query<{ size: string }>('select max(size) as size from checkpoint'),
    );
    const [log] = await audit.database.forOrganization(ours, (sql) =>
      sql.query<{ size: string }>('select size from log'),
    );
    expect(row).toEqual(log);
  });
});
