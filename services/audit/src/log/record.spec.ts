import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { one, type Transaction } from '@vouchsafe/database';
import {
  leafHash,
  openCheckpoint,
  openLeaf,
  parseVerifierKey,
  rootFromTiles,
  type VerifierKey,
  verifyTlogProof,
} from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import {
  ada,
  type AuditDatabase,
  auditDatabase,
  entry,
  naming,
  originName,
  ours,
  theirs,
} from '../testing/audit-database.js';
import { CheckpointSigner, signAllGrown } from './checkpoint-signer.js';
import type { NewEntry } from './entry.js';
import { newestCheckpoint, proofOf, tilesOf } from './log-reader.js';
import type { EntryLocation } from './entry-location.js';
import { Recorder } from './record.js';

let audit: AuditDatabase;
let recorder: Recorder;
beforeAll(async () => {
  audit = await auditDatabase();
  recorder = new Recorder(audit.vault, audit.clock, naming);
});
afterAll(() => audit.stop());

async function record(entries: readonly NewEntry[]): Promise<readonly EntryLocation[]> {
  const answer = await audit.database.asWorker((sql) => recorder.record(sql, entries));
  if (answer.status !== 'recorded') throw new Error(answer.because);
  return answer.locations;
}

const sign = () => signAllGrown({ database: audit.database, vault: audit.vault, now: audit.clock.now });
const asWorker = <T>(work: (sql: Transaction) => Promise<T>) => audit.database.asWorker(work);

async function keyOf(logId: string): Promise<VerifierKey> {
  const { vkey } = await asWorker((sql) =>
    one<{ vkey: string }>(sql, 'select vkey from signing_key where log_id = $1', [logId]),
  );
  const parsed = parseVerifierKey(vkey);
  if (!('key' in parsed)) throw new Error(parsed.error);
  return parsed.key;
}

async function checkpointsOf(logId: string) {
  const rows = await asWorker((sql) =>
    sql.query<{ size: string; note: Buffer }>(
      'select size, note from checkpoint where log_id = $1 order by size',
      [logId],
    ),
  );
  return rows.map(({ size, note }) => ({ size: Number(size), note }));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

async function leafAt(location: EntryLocation | undefined): Promise<Buffer> {
  if (!location) throw new Error('recorded');
  const { logId, index } = location;
  const row = await asWorker((sql) =>
    one<{ leaf: Buffer }>(sql, 'select leaf from entry where log_id = $1 and index = $2', [logId, index]),
  );
  return row.leaf;
}

describe('record', () => {
  it('gives each entry the next index of its organization’s own log', async () => {
    const [first, second] = await record([entry(), entry()]);
    const [other] = await record([entry({ organizationId: theirs })]);
    expect([first?.index, second?.index, other?.index]).toEqual([0, 1, 0]);
    expect(first?.logId).toBe(second?.logId);
    expect(other?.logId).not.toBe(first?.logId);
  });

  it('keeps personal values out of every row, and opens them again from the sealed disclosures', async () => {
    const [location] = await record([entry()]);
    if (!location) throw new Error('recorded');
    const dump = await asWorker((sql) =>
      one<{ text: string }>(
        sql,
        `select (select string_agg(e::text || convert_from(leaf, 'UTF8'), ' ') from entry e)
              || (select string_agg(d::text, ' ') from disclosure d) as text`,
      ),
    );
    for (const personal of ['Lovelace', '203.0.113.9', 'Firefox', 'INV-1'])
      expect(dump.text).not.toContain(personal);
    const leaf = await leafAt(location);
    const sealed = await asWorker((sql) =>
      one<{ sealed: string; subject_id: string }>(
        sql,
        'select sealed, subject_id from disclosure where log_id = $1 and index = $2',
        [location.logId, location.index],
      ),
    );
    const opened = await asWorker((sql) =>
      audit.vault.open(
        sql,
        { organizationId: ours, subjectId: sealed.subject_id },
        ['disclosure', location.logId, String(location.index)],
        sealed.sealed,
      ),
    );
    const read = openLeaf(
      leaf,
      (typeof opened === 'string' ? opened : '')
        .split(' ')
        .map((named) => named.slice(named.indexOf(':') + 1)),
    );
    expect(read).toMatchObject({
      status: 'opened',
      undisclosed: 0,
      entry: { actor: { type: 'user', id: ada }, sourceIp: '203.0.113.9', details: { name: 'Ada Lovelace' } },
    });
  });

  it('records what is sent twice once, with the same answer, in one request and in two', async () => {
    const sent = entry({ id: 'client-1' });
    const [location, again] = await record([sent, sent]);
    expect(again).toEqual(location);
    expect(await record([entry(), sent])).toEqual([expect.anything(), location]);
  });

  it('refuses an id that comes with another content, and records nothing of the request', async () => {
    await record([entry({ id: 'client-2' })]);
    const before = await asWorker((sql) => one<{ n: string }>(sql, 'select count(*) n from entry'));
    const answer = await asWorker((sql) =>
      recorder.record(sql, [entry(), entry({ id: 'client-2', operation: 'invoice.delete' })]),
    );
    expect(answer).toEqual({ status: 'rejected', entry: 1, because: 'id-reused' });
    expect(await asWorker((sql) => one(sql, 'select count(*) n from entry'))).toEqual(before);
  });

  it('refuses the format’s own names and what no leaf can hold', async () => {
    const refused = (details: NewEntry['details']) =>
      asWorker((sql) => recorder.record(sql, [entry({ details })]));
    expect(await refused({ a: { _sd: [] } })).toMatchObject({ because: 'reserved-name' });
    expect(await refused({ '...': 1 })).toMatchObject({ because: 'reserved-name' });
    expect(await refused({ a: '\ud800' })).toMatchObject({ because: 'not-json' });
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`n${i}`, i]));
    expect(await refused(many)).toMatchObject({ because: 'too-large' });
  });

  it('flags a source whose clock is off, and never refuses it', async () => {
    const [location] = await record([entry({ occurredAt: '2016-11-22T12:00:00.000Z' })]);
    const leaf = JSON.parse((await leafAt(location)).toString()) as { skewSeconds: number };
    expect(leaf.skewSeconds).toBe(-315_532_800);
  });

  it('never records before the last entry, whatever the machine’s clock says', async () => {
    const before = audit.clock.time;
    audit.clock.time = new Date(before.getTime() - 3_600_000);
    const [location] = await record([entry()]);
    audit.clock.time = before;
    const leaf = JSON.parse((await leafAt(location)).toString()) as { recordedAt: string };
    expect(leaf.recordedAt).toBe(before.toISOString());
  });

  it('gives concurrent writers indices without gaps or doubles, of several logs at once', async () => {
    const organizations = ['a', 'b', 'c'].map((c) => `5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c${c.repeat(2)}`);
    const locations = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        record(organizations.map((_, k) => entry({ organizationId: organizations.at((i + k) % 3) ?? '' }))),
      ),
    );
    for (const [, its] of Map.groupBy(locations.flat(), (location) => location.logId)) {
      expect(its.map((location) => location.index).sort((a, b) => a - b)).toEqual([...its.keys()]);
    }
  });

  it('cannot be undone by those who write: rows are not theirs to change', async () => {
    for (const statement of [
      'update entry set leaf = leaf',
      'delete from entry',
      'delete from tile',
      'delete from log',
    ]) {
      await expect(asWorker((sql) => sql.query(statement))).rejects.toThrow(/permission denied/);
    }
    await expect(asWorker((sql) => sql.query(`update tile set hashes = '\\x'`))).rejects.toThrow(
      /would change/,
    );
    await expect(asWorker((sql) => sql.query(`update log set size = 0`))).rejects.toThrow(/go back|violates/);
  });

  it('shows an organization its own rows alone (P19)', async () => {
    for (const table of [
      'log',
      'entry',
      'disclosure',
      'tile',
      'checkpoint',
      'signing_key',
      'entry_bundle',
      'submission',
    ]) {
      const seen = await audit.database.forOrganization(theirs, (sql) =>
        sql.query(`select organization_id from ${table} where organization_id <> $1`, [theirs]),
      );
      expect(seen).toEqual([]);
    }
  });
});

describe('checkpoints', () => {
  it('proves every entry under every checkpoint that covers it', async () => {
    const batches = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.uuid(), batches, async (organizationId, sizes) => {
        let logId = '';
        for (const size of sizes) {
          const locations = await record(
            Array.from({ length: size }, () => entry({ organizationId, details: {} })),
          );
          logId = locations[0]?.logId ?? '';
          await sign();
        }
        const key = await keyOf(logId);
        const checkpoints = await checkpointsOf(logId);
        expect(checkpoints.map(({ size }) => size)).toEqual(sizes.map((_, i) => sum(sizes.slice(0, i + 1))));
        for (const checkpoint of checkpoints) {
          for (let index = 0; index < checkpoint.size; index += 1) {
            const proof = await asWorker((sql) => proofOf(sql, { logId, index }, checkpoint));
            const hash = leafHash(await leafAt({ logId, index }));
            const verified = verifyTlogProof(Buffer.from(proof), hash, `${originName}/${logId}`, [key]);
            expect(verified).toMatchObject({ status: 'included', index });
          }
        }
      }),
      { numRuns: 4 },
    );
  });

  it('grows tiles over their borders: 4,557 entries in uneven batches', async () => {
    const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2cff';
    let logId = '';
    for (const size of [255, 1, 1, 300, 4000]) {
      const batch = Array.from({ length: size }, () => entry({ organizationId, details: {} }));
      logId = (await record(batch))[0]?.logId ?? '';
    }
    await sign();
    const checkpoint = await asWorker((sql) => newestCheckpoint(sql, logId));
    if (checkpoint?.size !== 4557) throw new Error('signed');
    const opened = openCheckpoint(checkpoint.note, `${originName}/${logId}`, [await keyOf(logId)]);
    const root = await asWorker((sql) => rootFromTiles(tilesOf(sql, logId), 4557));
    expect(opened).toMatchObject({ status: 'opened', checkpoint: { size: 4557, root: Buffer.from(root) } });
  });

  it('signs once a size and moves only forward, whoever signs at the same time', async () => {
    const [location] = await record([entry()]);
    await Promise.all([sign(), sign(), sign(), record([entry()]), sign()]);
    await sign();
    const logId = location?.logId ?? '';
    const rows = await checkpointsOf(logId);
    const key = await keyOf(logId);
    for (const { size, note } of rows) {
      const opened = openCheckpoint(note, `${originName}/${logId}`, [key]);
      expect(opened).toMatchObject({ status: 'opened', checkpoint: { size } });
    }
    expect(new Set(rows.map((row) => row.size)).size).toBe(rows.length);
  });

  it('signs all other logs when one cannot be signed, says so, and signs it when it can', async () => {
    await record([entry(), entry({ organizationId: theirs })]);
    const unsigned = () => asWorker((sql) => sql.query('select 1 from log where size > checkpoint_size'));
    let transactions = 0;
    const asWorkerBut = <T>(work: (sql: Transaction) => Promise<T>): Promise<T> =>
      (transactions += 1) === 2 ? Promise.reject(new Error('its key does not open')) : asWorker(work);
    const broken = { asWorker: asWorkerBut } as unknown as typeof audit.database;
    const signing = signAllGrown({ database: broken, vault: audit.vault, now: audit.clock.now });
    await expect(signing).rejects.toThrow('1 logs could not be signed');
    expect(await unsigned()).toHaveLength(1);
    await sign();
    expect(await unsigned()).toEqual([]);
  });

  it('are signed once for all who ask for one log before it is signed, and once more for all who ask meanwhile', async () => {
    const [location] = await record([entry()]);
    const logId = location?.logId ?? '';
    const transactions: unknown[] = [];
    const counted = {
      asWorker: <T>(work: (sql: Transaction) => Promise<T>): Promise<T> => {
        transactions.push(work);
        return asWorker(work);
      },
    } as unknown as typeof audit.database;
    const errors: unknown[] = [];
    const logger = { error: (note: unknown) => void errors.push(note) };
    const signer = new CheckpointSigner(counted, audit.vault, audit.clock, logger);
    const crowd = () => Promise.all(Array.from({ length: 20 }, () => signer.sign(logId)));
    const first = crowd();
    await Promise.resolve();
    const second = crowd();
    await first;
    expect(await asWorker((sql) => sql.query('select 1 from log where size > checkpoint_size'))).toEqual([]);
    await second;
    expect(transactions).toHaveLength(2);
    expect(errors).toEqual([]);
  });

  it('of one log wait for nobody who writes into another', async () => {
    const [[busy], [other]] = [await record([entry()]), await record([entry({ organizationId: theirs })])];
    const signedSize = async () => (await checkpointsOf(other?.logId ?? '')).at(-1)?.size;
    const signer = new CheckpointSigner(audit.database, audit.vault, audit.clock, { error: () => undefined });
    let all: Promise<void> | undefined;
    await asWorker(async (writer) => {
      await writer.query('select 1 from log where log_id = $1 for update', [busy?.logId]);
      await signer.sign(other?.logId ?? '');
      const proven = await signedSize();
      await record([entry({ organizationId: theirs })]);
      all = signer.signGrown();
      while ((await signedSize()) === proven) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await checkpointsOf(busy?.logId ?? '')).not.toContainEqual(
        expect.objectContaining({ size: (busy?.index ?? 0) + 1 }),
      );
    });
    await all;
    expect(await asWorker((sql) => sql.query('select 1 from log where size > checkpoint_size'))).toEqual([]);
  });
});
