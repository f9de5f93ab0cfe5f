import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Tombstone, tombstoneFile } from './index.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-tombstones-'));
  file = path.join(folder, 'tombstones.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

function tombstone(): Tombstone {
  const [organizationId, userId] = [randomUUID(), randomUUID()];
  return {
    erasureId: randomUUID(),
    organizationId,
    userId,
    organizations: [organizationId],
    subjects: [userId],
    requestedAt: '2026-11-26T12:00:00.000Z',
  };
}

const remembered = async () => (await tombstoneFile(file).read()).tombstones;

describe('the file of tombstones (P10)', () => {
  it('holds none before there is one', async () => {
    expect(await remembered()).toEqual([]);
  });

  it('keeps every one, each once, for whoever reads it next', async () => {
    const [first, second] = [tombstone(), tombstone()];
    await tombstoneFile(file).append([first]);
    await tombstoneFile(file).append([second, first]);
    expect(await remembered()).toEqual([first, second]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('loses none to a line that a crash cut off, nor the one that follows', async () => {
    const [first, second] = [tombstone(), tombstone()];
    await tombstoneFile(file).append([first]);
    await appendFile(file, JSON.stringify(tombstone()).slice(0, 70));
    expect(await remembered()).toEqual([first]);
    await tombstoneFile(file).append([second]);
    expect(await remembered()).toEqual([first, second]);
  });

  it('is not guessed at where somebody changed it', async () => {
    await tombstoneFile(file).append([tombstone()]);
    await appendFile(file, '{"erasureId":"no id"}\n');
    await expect(remembered()).rejects.toMatchObject({ fault: 'tombstones-malformed' });
  });

  it('tells an erasure that was intended from one that was carried out', async () => {
    const [first, second] = [tombstone(), tombstone()];
    await tombstoneFile(file).append([{ intended: first }, { intended: second }]);
    await tombstoneFile(file).append([first]);
    expect(await tombstoneFile(file).read()).toMatchObject({ tombstones: [first], intended: [second] });
  });

  it('keeps legal holds and their releases beside them', async () => {
    const hold = {
      ...{ holdId: randomUUID(), organizationId: randomUUID(), heldOrganizationId: randomUUID() },
      scope: { of: 'entity', entityType: 'invoice', entityId: '4711' } as const,
      placedAt: '2026-11-26T12:00:00.000Z',
    };
    await tombstoneFile(file).append([{ hold }, { released: { holdId: hold.holdId } }, { hold }]);
    expect(await tombstoneFile(file).read()).toEqual({
      ...{ tombstones: [], intended: [], holds: [hold] },
      released: new Set([hold.holdId]),
    });
  });
});
