/** @promise P04 what has expired is gone, and every proof and bundle still holds */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@vouchsafe/database';
import { hasGo, withoutGo } from '@vouchsafe/testing';
import {
  consistencyProof,
  decodeEntryBundle,
  inclusionProof,
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  rootFromTiles,
  tilePath,
  tilesFor,
  type TileReader,
  verifyTlogProof,
} from '@vouchsafe/transparency-log';
import type { Manifest } from '@vouchsafe/verify';
import type { EntryView } from '../entry/entry-view.js';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import type { LogView } from '../log/log-reader.js';
import { type AuditApp, auditApp } from '../testing/audit-app.js';
import { ada, ours, theirs } from '../testing/audit-database.js';
import { ExpiringEntries } from './expiring-entries.js';
import { FollowRetention } from './follow-retention.js';
import { fetchBundle, memberOf, verificationOf } from '../testing/bundles.js';

const DAY = 86_400_000;
const OLD = 400;
const YOUNG = 200;

let app: AuditApp;
let log: LogView;
/** What was given out before anything expired. */
let leaves: Buffer[];
let earlier: { size: number; note: Buffer }[];
let bundleBefore: Buffer;
/** What was counted before anything expired: of ours, by the period and by a month; of theirs, by their own period and by a shorter one. */
let counted: number[];
/** Entries that were there after a run that a hold stopped. */
let keptByHold: number;

beforeAll(async () => {
  app = await auditApp();
  app.clock.ahead = -400 * DAY;
  for (let from = 0; from < OLD; from += 100) {
    await post(ours, from, 100);
    await app.service.app.get(CheckpointSigner).signGrown();
  }
  await post(theirs, 0, 20);
  app.clock.ahead = -60 * DAY;
  await post(ours, OLD, YOUNG);
  await app.service.app.get(CheckpointSigner).signGrown();
  bundleBefore = await fetchBundle(app, { disclose: ['sourceIp'] });
  const size = OLD + YOUNG;
  log = await onlyLog();
  leaves = [];
  for (let first = 0; first < size; first += 256) {
    const width = Math.min(256, size - first);
    const name = tilePath({ level: 0, index: first / 256, width }).replace('tile/0/', 'tile/entries/');
    const tile = await app.ask('GET', `/v1/audit/logs/${log.logId}/${name}`);
    leaves.push(...(decodeEntryBundle(tile.bytes) ?? []).map((leaf) => Buffer.from(leaf)));
  }
  earlier = await query<{ size: string; note: Buffer }>(
    `select size, note from checkpoint where log_id = '${log.logId}' order by size`,
  ).then((rows) => rows.map(({ size: at, note }) => ({ size: Number(at), note })));
  // They have a period of their own.
  await query(`update retention set months = 24 where organization_id = '${theirs}'`);
  app.clock.ahead = 0;
  keptByHold = await heldRun();
  await runRecorded();
}, 120_000);
afterAll(() => app.stop());

function count(organizationId: string, months: number | null): Promise<number> {
  return app.service.app.get(ExpiringEntries).count(organizationId, { at: now(), months });
}

async function post(organizationId: string, from: number, count: number, expected = 201) {
  const entries = Array.from({ length: count }, (_, i) => ({
    id: `entry ${from + i}`,
    occurredAt: now().toISOString(),
    actor: { type: 'user', id: ada },
    operation: i % 4 === 0 ? 'invoice.delete' : 'invoice.read',
    entity: { type: 'invoice', id: `INV-${i}` },
    outcome: 'success',
    sourceIp: '203.0.113.9',
    details: { amount: from + i },
  }));
  const { status, body } = await app.ask<{ entries?: { index: number }[] }>('POST', '/v1/audit/entries', {
    ...{ body: { entries }, organizationId },
  });
  expect(status).toBe(expected);
  return body.entries ?? [];
}

const now = () => new Date(Date.now() + app.clock.ahead);
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString();
const query = <Row extends object>(text: string) =>
  app.service.app.get(Database).asWorker((sql) => sql.query<Row>(text));

async function onlyLog(): Promise<LogView> {
  const { body } = await app.ask<{ logs: LogView[] }>('GET', '/v1/audit/logs');
  if (!body.logs[0]) throw new Error('There is no log');
  return body.logs[0];
}

/** What is due is looked at while a hold is there; then the hold is released. */
async function heldRun(): Promise<number> {
  await query(
    `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at)
     values (gen_random_uuid(), '${theirs}', '${ours}', '{"of":"organization"}', now())`,
  );
  await query(`update retention set due_at = now() where organization_id = '${ours}'`);
  while ((await app.service.app.get(FollowRetention).step()) > 0);
  counted = await Promise.all([count(ours, null), count(ours, 1), count(theirs, null), count(theirs, 12)]);
  const [row] = await query<{ count: number }>(
    `select count(*)::int as count from entry where organization_id = '${ours}'`,
  );
  await query(`update hold set confirmed_at = now(), release_requested_at = now(), released_at = now()`);
  await query(`update retention set due_at = now() where organization_id = '${ours}'`);
  return row?.count ?? 0;
}

async function runRecorded(): Promise<EntryView> {
  for (let tries = 0; tries < 400; tries += 1) {
    const path = '/v1/audit/entries?operation=audit-retention.run';
    const { body } = await app.ask<{ entries: EntryView[] }>('GET', path);
    if (body.entries[0]) return body.entries[0];
    await sleep(50);
  }
  throw new Error('No run was recorded');
}

/** The tiles as a client reads them. */
const tiles: TileReader = async (level, index, width) => {
  const tile = await app.ask('GET', `/v1/audit/logs/${log.logId}/${tilePath({ level, index, width })}`);
  expect(tile.status).toBe(200);
  return tile.bytes;
};

async function served() {
  await app.service.app.get(CheckpointSigner).signGrown();
  const note = (await app.ask('GET', `/v1/audit/logs/${log.logId}/checkpoint`)).bytes;
  return { note, ...opened(note) };
}

function opened(note: Uint8Array) {
  const key = keyOfLog();
  const result = openCheckpoint(note, log.origin, [key]);
  if (result.status !== 'opened') throw new Error(result.status);
  return result.checkpoint;
}

function keyOfLog() {
  const parsed = parseVerifierKey(log.vkey);
  if (!('key' in parsed)) throw new Error(parsed.error);
  return parsed.key;
}

async function verified(bundle: Buffer): Promise<Manifest> {
  const result = await verificationOf(app, bundle);
  if (result.status !== 'holds') throw new Error(JSON.stringify(result));
  return result.manifest;
}

it('nothing expires while a legal hold keeps it, and all of it does after the release', () => {
  expect(keptByHold).toBeGreaterThanOrEqual(OLD + YOUNG);
});

it('what a run will remove is counted before, by the period or by a shorter one', () => {
  expect(counted).toEqual([OLD, expect.any(Number), 0, 20]);
  expect(counted[1]).toBeGreaterThanOrEqual(OLD + YOUNG);
});

describe('entries whose time is over (P04)', () => {
  it('are gone, with what they hid and how they were sent; the others are there', async () => {
    const { body } = await app.ask<{ entries: EntryView[] }>(
      'GET',
      '/v1/audit/entries?limit=1000&order=oldest',
    );
    expect(body.entries[0]?.index).toBe(OLD);
    for (const table of ['entry', 'disclosure', 'submission']) {
      const [row] = await query<{ old: string; young: string }>(
        `select count(*) filter (where index < ${OLD}) as old, count(distinct index) filter (where index < ${OLD + YOUNG}) as young
         from ${table} where log_id = '${log.logId}'`,
      );
      expect([table, Number(row?.old), Number(row?.young)]).toEqual([table, 0, YOUNG]);
    }
  });

  it('are named in the log itself, by the run that removed them', async () => {
    expect(await runRecorded()).toMatchObject({
      actor: { type: 'service', id: 'audit' },
      provenance: 'observed',
      details: {
        ...{
          purpose: 'audit-trail',
          months: 12,
          entries: OLD,
          disclosures: OLD,
          submissions: OLD,
          ranges: 1,
        },
        expired: [{ logId: log.logId, first: 0, last: OLD - 1 }],
      },
    });
  });

  it('stay where an organization has a longer period of its own', async () => {
    const path = '/v1/audit/entries?limit=100';
    const { body } = await app.ask<{ entries: unknown[] }>('GET', path, { organizationId: theirs });
    expect(body.entries).toHaveLength(20);
  });

  it('are answered as gone, and those of others as unknown', async () => {
    const path = `/v1/audit/entries/${log.logId}/${OLD - 1}`;
    expect(await app.ask('GET', path)).toMatchObject({
      status: 410,
      body: { code: 'gone', reason: 'expired' },
    });
    expect((await app.ask('GET', path, { organizationId: theirs })).status).toBe(404);
    expect((await app.ask('GET', `/v1/audit/entries/${log.logId}/99999`)).status).toBe(404);
  });

  it('end where the log says; bundles from there on are whole, those before are not served', async () => {
    const { minimumIndex } = await onlyLog();
    // 400 are gone: the first bundle that is whole begins at 512.
    expect(minimumIndex).toBe(512);
    const bundle = (name: string) => app.ask('GET', `/v1/audit/logs/${log.logId}/tile/entries/${name}`);
    for (const name of ['000', '001'])
      expect(await bundle(name)).toMatchObject({ status: 404, body: { reason: 'expired' } });
    const whole = decodeEntryBundle((await bundle('002.p/88')).bytes) ?? [];
    expect(whole.map((leaf) => Buffer.from(leaf))).toEqual(leaves.slice(512, 600));
  });

  it('can be sent again: an id is known as long as its entry', async () => {
    const [again] = await post(ours, 0, 1);
    expect(again?.index).toBeGreaterThanOrEqual(OLD + YOUNG);
    const [known] = await post(ours, OLD + 1, 1, 409);
    expect(known).toBeUndefined();
  });
});

describe('proofs after a retention run', () => {
  it('of every remaining entry hold', async () => {
    for (let index = OLD; index < OLD + YOUNG; index += 1) {
      const { status, body } = await app.ask<{ leaf: string; proof: string }>(
        ...(['GET', `/v1/audit/entries/${log.logId}/${index}`] as const),
      );
      expect(status).toBe(200);
      const leaf = Buffer.from(body.leaf, 'base64');
      expect(leaf.equals(leaves[index] ?? Buffer.alloc(0))).toBe(true);
      const proven = verifyTlogProof(Buffer.from(body.proof), leafHash(leaf), log.origin, [keyOfLog()]);
      expect(proven).toMatchObject({ status: 'included', index });
    }
  }, 60_000);

  it('of what is gone still hold for whoever kept the leaf: its hash is in its tile', async () => {
    const { size, root } = await served();
    expect(Buffer.from(await rootFromTiles(tiles, size)).equals(root)).toBe(true);
    const hashes = await Promise.all([tiles(0, 0, 256), tiles(0, 1, 256)]);
    expect(Buffer.concat(hashes)).toEqual(Buffer.concat(leaves.slice(0, 512).map(leafHash)));
  });

  (hasGo() ? it : it.skip)(
    `hold for golang.org/x/mod/sumdb, with every earlier checkpoint${withoutGo()}`,
    async () => {
      const work = mkdtempSync(path.join(tmpdir(), 'vouchsafe-retention-'));
      try {
        const program = path.join(work, 'interop');
        const sources = path.join(import.meta.dirname, '../../../../libs/transparency-log/interop');
        execFileSync('go', ['build', '-o', program, '.'], { cwd: sources });
        const { note, size } = await served();
        const more = await query<{ leaf: Buffer }>(
          `select leaf from entry where log_id = '${log.logId}' and index >= ${leaves.length} and index < ${size} order by index`,
        );
        const folder = path.join(work, 'log');
        const claim = await writeLog(folder, note, [...leaves, ...more.map(({ leaf }) => leaf)]);
        const check = () => execFileSync(program, [folder], { encoding: 'utf8', stdio: 'pipe' });
        expect(earlier.length).toBeGreaterThan(3);
        expect(JSON.parse(check())).toEqual({
          ...{ leaves: size, inclusion: size, consistency: earlier.length },
        });
        // A tile that had lost the hash of what expired would be found.
        writeFileSync(path.join(folder, 'tile/0/000'), Buffer.alloc(8192));
        expect(check).toThrow();
        expect(claim.inclusion).toHaveLength(size);
      } finally {
        rmSync(work, { recursive: true });
      }
    },
    300_000,
  );

  /** The log as it is served now, and what was given out of it before. */
  async function writeLog(folder: string, note: Uint8Array, all: readonly Uint8Array[]) {
    const size = all.length;
    const write = (name: string, content: string | Uint8Array) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    };
    const read: TileReader = cached(tiles);
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
    const claim = {
      vkey: log.vkey,
      leaves: all.map(base64),
      inclusion: await Promise.all(
        all.map(async (_, index) => ({
          index,
          proof: (await inclusionProof(read, index, size)).map(base64),
        })),
      ),
      consistency: await Promise.all(
        earlier.map(async (one) => ({
          size: one.size,
          root: base64(opened(one.note).root),
          proof: (await consistencyProof(read, one.size, size)).map(base64),
        })),
      ),
    };
    write('claim.json', JSON.stringify(claim));
    write('checkpoint', note);
    for (const tile of tilesFor(size, all.keys()))
      write(tilePath(tile), await read(tile.level, tile.index, tile.width));
    return claim;
  }

  function cached(read: TileReader): TileReader {
    const known = new Map<string, ReturnType<TileReader>>();
    return (level, index, width) => {
      const name = tilePath({ level, index, width });
      const tile = known.get(name) ?? read(level, index, width);
      known.set(name, tile);
      return tile;
    };
  }
});

describe('bundles after a retention run', () => {
  it('that were made before hold', async () => {
    const [of] = (await verified(bundleBefore)).logs;
    expect(of).toMatchObject({ first: 0, expired: [] });
  });

  it('of everything name what has expired, and hold', async () => {
    const bytes = await fetchBundle(app, { disclose: ['sourceIp'] });
    const manifest = await verified(bytes);
    expect(manifest.claim).toBe('contiguous');
    expect(manifest.logs[0]).toMatchObject({ first: 0, expired: [[0, OLD - 1]] });
    expect(memberOf(bytes, '/indices.txt').split('\n', 1)).toEqual([String(OLD)]);
  });

  it('of a time that has expired hold nothing but its hashes', async () => {
    const manifest = await verified(await fetchBundle(app, { from: daysAgo(401), to: daysAgo(399) }));
    expect(manifest.logs[0]).toMatchObject({ first: 0, last: OLD - 1, entries: 0, expired: [[0, OLD - 1]] });
  });

  it('of a later time say nothing of what has expired', async () => {
    const manifest = await verified(await fetchBundle(app, { from: daysAgo(1), to: daysAgo(-1) }));
    expect(manifest.logs[0]).toMatchObject({ expired: [] });
    expect(manifest.logs[0]?.first).toBeGreaterThanOrEqual(OLD + YOUNG);
  });

  it('of a search name it, too', async () => {
    const filter = { operation: 'invoice.delete' };
    const manifest = await verified(await fetchBundle(app, { filter }));
    expect(manifest).toMatchObject({ claim: 'inclusion', logs: [{ first: 0, expired: [[0, OLD - 1]] }] });
  });
});
