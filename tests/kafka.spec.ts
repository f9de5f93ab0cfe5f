import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { whyNoKafka } from '@vouchsafe/testing';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import { type Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { join, makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

interface Entry {
  readonly logId: string;
  readonly index: number;
  readonly operation: string;
}

interface Erasure {
  readonly status: string;
  readonly receipts: readonly { readonly service: string }[];
  readonly waitingFor: readonly string[];
}

// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(180_000);

const missing = await whyNoKafka();

(missing === undefined ? describe : describe.skip)(
  `on a real Kafka${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let system: SystemUnderTest;
    let owner: Person;
    let backEnd: Client;
    beforeAll(async () => {
      // Keys are held open for a second instead of a minute: a receipt waits so long.
      system = await startForTests({ VOUCHSAFE_KEY_CACHE_MS: '1000' }, { kafka: true, killsServices: true });
      owner = await signUp(system);
      backEnd = (await makeApiKey(system, owner.browser, ['audit:read'])).client;
    }, 240_000);
    afterAll(() => system.stop(), 60_000);

    const ask = async (query: Record<string, string>) =>
      ((await backEnd.must(200, 'GET', '/v1/audit/entries', { query })) as { entries: Entry[] }).entries;
    const entryOf = (query: Record<string, string>) =>
      eventually(`An entry for ${JSON.stringify(query)}`, async () => (await ask(query))[0], 90_000);

    /** Something that is done through the gateway; @returns its request's id. */
    const act = async (): Promise<string> => {
      const answer = await owner.browser.send('GET', `/v1/members/${owner.userId}`);
      expect(answer.status).toBe(200);
      return answer.headers['x-request-id'] as string;
    };

    it('what people do comes to a leaf that its log proves (P15, P23)', async () => {
      const requestId = await act();
      const entries = [
        await entryOf({ operation: 'identity.consent-recorded', actor: owner.userId }),
        await entryOf({ requestId }),
      ];
      for (const entry of entries) expect(await proves(backEnd, entry)).toBe('included');
    });

    it('serves while Kafka is killed, and every request has its one entry when Kafka is back (P23)', async () => {
      const requests = [await act()];
      await system.kafka?.kill();
      for (let request = 0; request < 20; request += 1) requests.push(await act());
      await system.kafka?.start();
      requests.push(await act());
      for (const requestId of requests) await entryOf({ requestId });
      expect(await counts(requests)).toEqual(requests.map(() => 1));
    });

    it('loses and doubles nothing when an empty Kafka takes its place', async () => {
      const before = await act();
      await system.kafka?.kill();
      await rm(path.join(system.folder, 'kafka'), { recursive: true });
      const meanwhile = await act();
      await system.kafka?.start();
      const requests = [before, meanwhile, await act()];
      for (const requestId of requests) await entryOf({ requestId });
      expect(await counts(requests)).toEqual([1, 1, 1]);
    });

    it('erases a person in every service, though Kafka was away when the erasure was requested (P10)', async () => {
      const ada = await join(system, owner.browser, 'member');
      await system.kafka?.kill();
      await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, { headers: freshKey() });
      await system.kafka?.start();
      const erased = await eventually(
        'The erasure',
        async () => {
          const erasure = (await owner.browser.must(
            200,
            'GET',
            `/v1/members/${ada.userId}/erasure`,
          )) as Erasure;
          return erasure.status === 'erased' ? erasure : undefined;
        },
        90_000,
      );
      expect(erased.waitingFor).toEqual([]);
      expect(erased.receipts.map(({ service }) => service).toSorted()).toEqual(serviceNames.toSorted());
      expect(await ask({ actor: ada.userId })).not.toEqual([]);
      for (const entry of await ask({ actor: ada.userId }))
        expect(entry).toMatchObject({ sourceIp: null, url: null });
    });

    async function counts(requests: readonly string[]): Promise<number[]> {
      return Promise.all(requests.map(async (requestId) => (await ask({ requestId })).length));
    }
  },
);

async function proves(client: Client, { logId, index }: Entry): Promise<string> {
  const { logs } = (await client.must(200, 'GET', '/v1/audit/logs')) as {
    logs: { logId: string; origin: string; vkey: string }[];
  };
  const log = logs.find((one) => one.logId === logId);
  const parsed = parseVerifierKey(log?.vkey ?? '');
  if (!log || !('key' in parsed)) throw new Error('The log has no key');
  const { leaf, proof } = (await client.must(200, 'GET', `/v1/audit/entries/${logId}/${index}`)) as {
    leaf: string;
    proof: string;
  };
  const hash = leafHash(Buffer.from(leaf, 'base64'));
  return verifyTlogProof(Buffer.from(proof), hash, log.origin, [parsed.key]).status;
}
