import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contract, publication } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { isErased, personal } from '@vouchsafe/event-sourcing';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { type KeyProvider, localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { z } from 'zod';
import {
  accountBalanceMigration,
  type AccountEvent,
  accountEvents,
  envelope,
  organizations,
} from './account.fixture.js';
import { type DepartingMessage, EventStore, eventStoreMigrations, publishing, startRelay } from './index.js';

const [ours] = organizations;
/** Says the holder's name, as the event does. */
const holderNamed = contract({
  type: 'vouchsafe.identity.holder-named.v1',
  summary: 'For this suite.',
  schema: z.strictObject({
    accountId: z.string(),
    holderId: z.string(),
    holder: personal(z.string(), { purpose: 'account', subject: 'holderId' }),
  }),
});
const naming = publishing<AccountEvent>(accountEvents, ({ type, data }) =>
  type === 'account-opened' ? [publication(holderNamed, data as z.output<typeof holderNamed.schema>)] : [],
);

describe('what a relay sends while people are erased (P10)', () => {
  let postgres: TestPostgres;
  let database: Database;
  let provider: KeyProvider;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'vouchsafe-departing-'));
    provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
    postgres = await testPostgres();
    database = await postgres.database('bank', [
      ...vaultMigrations,
      ...eventStoreMigrations,
      accountBalanceMigration,
    ]);
  });
  afterAll(async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  });

  /** As another process has one: it hears of no erasure, and holds opened keys for a minute. */
  const newVault = () => new Vault({ provider, environment: 'test', now: () => new Date() });

  const tell = (store: EventStore, holderId: string, times: number, turn: string) =>
    store.append({
      organizationId: ours,
      stream: `account-${holderId}-${turn}`,
      expectedVersion: 0,
      catalog: accountEvents,
      events: Array.from({ length: times }, (_, n) => ({
        type: 'account-opened' as const,
        data: { accountId: `${holderId}/${turn}/${n}`, holderId, holder: `name of ${holderId}` },
      })),
      envelope,
    });
  const erase = (subjectId: string) =>
    database.asRetention((sql) =>
      newVault().destroySubject(sql, { organizationId: ours, subjectId }, new Date()),
    );
  const saysName = ({ publication: { data } }: DepartingMessage) =>
    'holder' in data && !isErased(data.holder);
  const standing = async (sent: readonly DepartingMessage[]) => {
    const ids = [...new Set(sent.map(({ transitKey }) => transitKey.id))];
    const left = await database.asWorker((sql) => newVault().findTransitKeys(sql, ids));
    return new Set(left.map(({ id }) => id));
  };
  const readable = async (sent: readonly DepartingMessage[]) => {
    const left = await standing(sent);
    return sent.filter((message) => saysName(message) && left.has(message.transitKey.id));
  };

  it.each(['as it numbers them', 'as it reads again what waits'])(
    'is under no key that is left, where the erasure comes right behind the opening of values: %s',
    async (when) => {
      const holderId = `overtaken ${when}`;
      const vault = newVault();
      const opening = vault.openFieldsMany.bind(vault);
      const isDue = { numbers: when === 'as it numbers them', pages: 0 };
      let erasure: Promise<unknown> | undefined;
      vault.openFieldsMany = async (...asked) => {
        const opened = await opening(...asked);
        if (opened.length > 0) isDue.pages += 1;
        if (!erasure && isDue.pages === (isDue.numbers ? 1 : 2)) {
          // It may have to wait for this very transaction.
          erasure = erase(holderId);
          await Promise.race([erasure, sleep(300)]);
        }
        return opened;
      };
      await tell(new EventStore({ database, vault: newVault() }), holderId, 3, '1');
      const sent: DepartingMessage[] = [];
      let refused = false;
      const relay = startRelay({
        ...{ database, vault, publishing: [naming] },
        send: (messages) => {
          const isToWait = !isDue.numbers && !refused;
          refused = true;
          if (isToWait) return Promise.reject(new Error('not now'));
          sent.push(...messages);
          return Promise.resolve();
        },
        sendPositions: () => Promise.resolve(),
        pace: { idle: 5, retry: 5 },
      });
      const deadline = Date.now() + 20_000;
      while (sent.length < 3 && Date.now() < deadline) await sleep(10);
      await relay.stop();
      await erasure;
      expect(sent.filter(saysName)).toHaveLength(3);
      expect(await readable(sent)).toEqual([]);
    },
  );

  it('is under no key that is left, or says nothing of them; whatever happens first', async () => {
    const writer = newVault();
    const store = new EventStore({ database, vault: writer });
    const sent: DepartingMessage[] = [];
    let sendings = 0;
    const relay = startRelay({
      database,
      vault: newVault(),
      publishing: [naming],
      // Takes its time, and fails now and then: what waits is read again.
      send: async (messages) => {
        sendings += 1;
        await sleep(sendings % 7);
        if (sendings % 5 === 0) throw new Error('not now');
        sent.push(...messages);
      },
      sendPositions: () => Promise.resolve(),
      pace: { idle: 5, retry: 5 },
    });
    const people = Array.from({ length: 12 }, (_, n) => `person-${n}`);
    const until = { done: false };
    const writing = (async () => {
      for (let turn = 0; !until.done; turn += 1) {
        relay.wake();
        for (const holderId of people) await tell(store, holderId, 4, String(turn));
      }
    })();
    await sleep(150);
    for (const subjectId of people) {
      await erase(subjectId);
      await sleep((13 * people.indexOf(subjectId)) % 60);
    }
    until.done = true;
    await writing;
    // One who stays tells when everything before has been sent.
    await tell(store, 'stays', 1, 'last');
    const deadline = Date.now() + 20_000;
    while (!sent.some(({ publication: { data } }) => 'holderId' in data && data.holderId === 'stays')) {
      if (Date.now() > deadline) throw new Error('The last fact was not sent');
      await sleep(10);
    }
    await relay.stop();

    expect((await readable(sent)).map(({ publication: { data } }) => data)).toEqual([
      { accountId: 'stays/last/0', holderId: 'stays', holder: 'name of stays' },
    ]);
    // Both ways were gone: said under a key that is destroyed since, and said as erased.
    const named = sent.filter(saysName).length;
    expect(named).toBeGreaterThan(people.length);
    expect(sent.length - named).toBeGreaterThan(people.length);
    expect(new Set(sent.map(({ transitKey }) => transitKey.id)).size).toBeGreaterThan(3);
  }, 60_000);
});
