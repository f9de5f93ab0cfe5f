/** @promise P10 what lies on Kafka's disks about an erased person cannot be opened */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { whyNoKafka } from '@vouchsafe/testing';
import { markers } from './erasure-traces.markers.ts';
import { formsOf } from './system/at-rest.ts';
import { Client, freshKey } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { join, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import {
  countOfKeys,
  filesOf,
  jwesIn,
  keysLeft,
  openedByAny,
  transitKeysOf,
} from './system/sealed-on-disk.ts';

// Brokers start slowly on a machine that is doing much else at once.
jest.setTimeout(180_000);

const missing = await whyNoKafka();

/**
 * P10 on the brokers' own disks, which keep for days what they are given: nothing of an erased person stands there in clear, and
 * nobody has a key to the rest. Audit is away while the person works and is erased.
 */
(missing === undefined ? describe : describe.skip)(
  `an erased person, on a real Kafka${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const mark = markers();
    let system: SystemUnderTest;
    let owner: Person;
    let ada: Person;
    /** Messages that said something of Ada before she was erased, as they lie in Kafka's files. */
    let aboutAda: readonly string[];

    beforeAll(async () => {
      system = await startForTests(
        { VOUCHSAFE_KEY_CACHE_MS: '1000', VOUCHSAFE_TRUSTED_HOPS: '1' },
        { kafka: true, killsServices: true },
      );
      owner = await signUp(system);
      ada = await join(system, owner.browser, 'member');
      system.service('audit').kill('SIGKILL');
      await system.service('audit').exited;
      await workMarked();
      aboutAda = await eventually('What Ada did, in Kafka’s files', async () => {
        const said = await onDisk();
        return said.length >= 12 ? said : undefined;
      });
      await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, { headers: freshKey() });
      await eventually('The receipts of all others', async () =>
        (await erasure()).receipts.length === serviceNames.length - 1 ? true : undefined,
      );
      await system.restart('audit');
      await eventually(
        'The erasure',
        async () => ((await erasure()).status === 'erased' ? true : undefined),
        90_000,
      );
    }, 300_000);
    afterAll(() => system.stop(), 60_000);

    const erasure = () =>
      owner.browser.must(200, 'GET', `/v1/members/${ada.userId}/erasure`) as Promise<{
        readonly status: string;
        readonly receipts: readonly unknown[];
      }>;
    const logs = () => filesOf(system, 'kafka');

    /** Requests from a marked address and a marked browser. */
    async function workMarked(): Promise<void> {
      const browser = new Client(system.url, null, {
        'user-agent': mark.text('user agent'),
        'x-forwarded-for': mark.ip('address'),
      });
      const { email, password } = ada;
      await browser.must(201, 'POST', '/v1/sessions', { body: { email, password } });
      await browser.must(204, 'PATCH', '/v1/me', { body: { name: mark.text('name') } });
      for (let request = 0; request < 10; request += 1) await browser.must(200, 'GET', '/v1/me');
    }

    async function onDisk(): Promise<string[]> {
      const keys = [...(await transitKeysOf(system)).values()];
      const said = [];
      for (const jwe of jwesIn(await logs()))
        if (mark.isIn((await openedByAny(jwe, keys)) ?? '')) said.push(jwe);
      return said;
    }

    it('stands in no file of the brokers in clear, nor in Postgres’s, nor in the logs', async () => {
      await system.rows('identity', 'checkpoint');
      const files = await filesOf(system);
      expect(files.some(({ file }) => file.endsWith('.log') && file.includes('vouchsafe.gateway-'))).toBe(
        true,
      );
      for (const { field, text } of mark.all()) {
        for (const form of formsOf(text)) {
          const places = files.filter((one) => one.bytes.includes(form)).map(({ file }) => file);
          expect({ field, form, places }).toEqual({ field, form, places: [] });
        }
      }
    });

    it('lies there sealed, under no key that is left', async () => {
      const standing = await countOfKeys(system);
      const keys = await keysLeft(system);
      expect(keys.length).toBeGreaterThanOrEqual(standing);
      const kept = jwesIn(await logs());
      expect(aboutAda.filter((jwe) => !kept.includes(jwe))).toEqual([]);
      for (const jwe of aboutAda) expect(await openedByAny(jwe, keys)).toBeUndefined();
      const opened = [];
      for (const jwe of kept) opened.push((await openedByAny(jwe, keys)) ?? '');
      // What was done since is under fresh keys, so the search is not blind; of Ada it says nothing.
      expect(opened.filter((text) => text.includes(owner.userId)).length).toBeGreaterThan(0);
      expect(opened.filter(mark.isIn)).toEqual([]);
    });

    it('came as erased to the consumer that was away, which asked the source for what it could not open', async () => {
      const entries = await eventually('What Ada did', async () => {
        const found = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
          query: { actor: ada.userId, operation: 'me.read', limit: '100' },
        })) as { entries: { sourceIp: string | null; userAgent: string | null }[] };
        return found.entries.length >= 10 ? found.entries : undefined;
      });
      for (const entry of entries) expect(entry).toMatchObject({ sourceIp: null, userAgent: null });
      const metrics = await (await fetch(`${system.service('audit').healthUrl}/metrics`)).text();
      expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="key-destroyed"\} [1-9]/m);
      expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="not-authentic"\} 0$/m);
      expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="not-encrypted"\} 0$/m);
      expect(metrics).toMatch(/^consumer_dead_letters 0$/m);
    });
  },
);
