import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import { unpack } from '../../tools/fixture/archive.ts';
import { entriesOf, type Entry, everything, exportBundle, logsOf } from '../../tools/fixture/evidence.ts';
import type { Facts } from '../../tools/fixture/facts.ts';
import type * as Story from '../../tools/fixture/first-days.ts';
import { plainEntries } from '../../tools/fixture/first-days.ts';
import { drained } from '../faults/drain.ts';
import type * as Clients from '../system/client.ts';
import { eventually } from '../system/eventually.ts';
import type * as Evidence from '../system/evidence.ts';
import type * as People from '../system/people.ts';
import type * as Systems from '../system/running-system.ts';
import { root } from '../system/root.ts';
import { type FormerRelease, formerRelease } from './release.ts';

type Client = Clients.Client;
type Person = People.Person;
type ApiKey = People.ApiKey;
type SystemUnderTest = Systems.SystemUnderTest;

/** What plays a user of a release, as that release's own suites do. */
interface Hands {
  readonly client: typeof Clients;
  readonly people: typeof People;
  readonly evidence: typeof Evidence;
  readonly system: typeof Systems;
  readonly story: typeof Story;
}

async function handsOf(code: string): Promise<Hands> {
  const of = (file: string) => import(pathToFileURL(path.join(code, file)).href) as Promise<never>;
  return {
    client: await of('tests/system/client.ts'),
    people: await of('tests/system/people.ts'),
    evidence: await of('tests/system/evidence.ts'),
    system: await of('tests/system/running-system.ts'),
    story: await of('tools/fixture/first-days.ts'),
  };
}

/**
 * An installation of the former release is upgraded, used, rolled back, used, and upgraded again: on one data folder, which that
 * release had left behind. What a rollback cannot do is tested here, too; docs/guarantees.md says it to operators.
 */
describe('an upgrade that is rolled back, and done again', () => {
  let former: FormerRelease;
  let facts: Facts;
  let system: SystemUnderTest | undefined;
  let hands: { readonly today: Hands; readonly former: Hands };
  let env: Readonly<Record<string, string>>;
  const data = () => path.join(former.scratch, 'data');

  beforeAll(async () => {
    former = await formerRelease();
    facts = JSON.parse(await readFile(path.join(former.fixture, 'facts.json'), 'utf8')) as Facts;
    await unpack(path.join(former.fixture, 'data.tar.zst'), data());
    const clock = path.join(former.scratch, 'clock-offset');
    await writeFile(clock, `${Date.parse(facts.madeAt) + 120_000 - Date.now()}\n`);
    env = {
      VOUCHSAFE_CLOCK_OFFSET_FILE: clock,
      VOUCHSAFE_LOG_NAME: facts.logName,
      VOUCHSAFE_KEY_CACHE_MS: '0',
      VOUCHSAFE_INSTANCE_LEASE_MS: '2000',
    };
    hands = { today: await handsOf(root), former: await handsOf(former.code) };
  }, 120_000);
  afterAll(async () => {
    await system?.stop();
    await rm(former.scratch, { recursive: true, force: true });
  }, 60_000);

  /** Stops what runs, and starts this release on what it leaves. */
  async function change(to: Hands): Promise<SystemUnderTest> {
    await system?.stop();
    system = undefined;
    // A part that a test stops is no news.
    system = await to.system.startForTests(env, { folder: data(), killsServices: true });
    return system;
  }

  /** The same browser at another system. */
  function moved(
    of: Hands,
    { url }: SystemUnderTest,
    { cookie, apiKey }: Pick<Client, 'cookie' | 'apiKey'>,
  ): Client {
    const browser = new of.client.Client(url, apiKey);
    browser.cookie = cookie;
    return browser;
  }

  const at = (of: Hands, where: SystemUnderTest) => ({
    owner: moved(of, where, { cookie: facts.owner.cookie, apiKey: null }),
    backEnd: moved(of, where, { cookie: null, apiKey: facts.apiKey }),
  });

  /** Facts of the fixture's third organization wait as dead letters all the time. */
  const quiet = (where: SystemUnderTest) =>
    eventually(
      'Everything on its way',
      async () => {
        const waiting = await drained(where, 0);
        return waiting === null || waiting.endsWith('dead letters') ? true : undefined;
      },
      90_000,
    );

  let owner: Person;
  let erased: Person;
  let colleague: Person;
  let sent: Facts['sent'];
  /** A key that today's release made, and what it sent: it has a source of its own. */
  let made: ApiKey;
  let sentByMade: Facts['sent'];
  const known = new Map<string, Entry>();
  const remember = (entries: readonly Entry[]) => {
    for (const entry of entries) known.set(`${entry.logId}/${entry.index}`, entry);
  };

  it('upgraded, it is used', async () => {
    const now = await change(hands.today);
    const { people, story } = hands.today;
    owner = await people.signUp(now, 'Difference Engines');
    [erased, colleague] = await Promise.all([
      people.join(now, owner.browser, 'member'),
      people.join(now, owner.browser, 'member'),
    ]);
    await story.erase(owner.browser, erased);
    const entries = plainEntries(5);
    sent = { entries, places: await story.sendEntries(at(hands.today, now).backEnd, entries) };
    made = await people.makeApiKey(now, owner.browser, ['audit:write', 'audit:read']);
    const own = plainEntries(2);
    sentByMade = { entries: own, places: await story.sendEntries(made.client, own) };
    await quiet(now);
    // What is said from now on waits, encrypted, on the bus.
    await now.service('audit').stop();
    await colleague.browser.must(200, 'GET', '/v1/me');
    await owner.browser.must(204, 'PATCH', '/v1/me', { body: { name: 'Charles Babbage' } });
  }, 180_000);

  describe('rolled back', () => {
    let now: SystemUnderTest;
    let browser: Client;
    beforeAll(async () => {
      now = await change(hands.former);
      browser = moved(hands.former, now, owner.browser);
    }, 180_000);

    it('its sessions, people and keys go on', async () => {
      expect(await browser.must(200, 'GET', '/v1/me')).toMatchObject({ user: { name: 'Charles Babbage' } });
      await hands.former.people.logIn(now, colleague);
      await at(hands.former, now).backEnd.must(200, 'GET', '/v1/members');
      // A service that the former release does not know gave a receipt; what the release shows of it is an error, and it is there again later.
      await browser.must(500, 'GET', `/v1/members/${erased.userId}/erasure`);
    }, 60_000);

    it('facts that waited encrypted on the bus come from their source', async () => {
      await quiet(now);
      const found = await entriesOf(browser, { operation: 'identity.user-renamed' });
      expect(found).toHaveLength(1);
    }, 120_000);

    it('lists what was recorded meanwhile, and knows what was sent', async () => {
      const { owner: theirs, backEnd } = at(hands.former, now);
      const listed = await entriesOf(theirs);
      const places = listed.map(({ logId, index }) => `${logId}/${index}`);
      expect(places).toEqual(
        expect.arrayContaining(sent.places.map(({ logId, index }) => `${logId}/${index}`)),
      );
      expect(await hands.former.story.sendEntries(backEnd, sent.entries)).toEqual(sent.places);
    }, 60_000);

    it('a key that was made meanwhile works, as one of the source that all keys had; it cannot be revoked', async () => {
      const { story } = hands.former;
      const key = moved(hands.former, now, made.client);
      await key.must(200, 'GET', '/v1/audit/entries');
      const again = await story.sendEntries(key, sentByMade.entries);
      expect(again).not.toEqual(sentByMade.places);
      expect(await story.sendEntries(key, sentByMade.entries)).toEqual(again);
      await browser.must(200, 'GET', '/v1/api-keys');
      await browser.must(500, 'DELETE', `/v1/api-keys/${made.apiKeyId}`);
    }, 60_000);

    it('new people come, work and are erased', async () => {
      const { people, story, evidence } = hands.former;
      const eve = await people.signUp(now, 'Jacquard');
      const weaver = await people.join(now, eve.browser, 'member');
      const { client } = await people.makeApiKey(now, eve.browser, people.keyScopes);
      await story.sendEntries(client, plainEntries(5));
      await story.erase(eve.browser, weaver);
      await quiet(now);
      const { bundle } = await evidence.exported(eve.browser, [...everything]);
      expect(await evidence.verify(former.scratch, bundle, await evidence.publicKeys(eve.browser))).toMatch(
        /^0: /,
      );
    }, 120_000);

    it('exports what was recorded meanwhile', async () => {
      const { evidence } = hands.former;
      const { owner: theirs } = at(hands.former, now);
      const bundle = await exportBundle(theirs, { disclose: [...everything] });
      const keys = await evidence.publicKeys(theirs);
      for (const { verify } of [evidence, hands.today.evidence])
        expect(await verify(former.scratch, bundle, keys)).toMatch(/^0: /);
    }, 120_000);

    it('erases', async () => {
      await hands.former.story.erase(browser, colleague);
      await quiet(now);
      const left = await now.rows('identity', 'select 1 from vault_transit_key where organization_id = $1', [
        owner.organizationId,
      ]);
      expect(left).toEqual([]);
      remember(await entriesOf(browser));
      remember(await entriesOf(at(hands.former, now).owner));
    }, 120_000);
  });

  describe('upgraded again', () => {
    let now: SystemUnderTest;
    let browser: Client;
    beforeAll(async () => {
      now = await change(hands.today);
      browser = moved(hands.today, now, owner.browser);
      await quiet(now);
    }, 180_000);

    it('everything arrives, and every entry is there with the content that it had', async () => {
      const lists = await Promise.all([entriesOf(browser), entriesOf(at(hands.today, now).owner)]);
      const listed = new Map(lists.flat().map((entry) => [`${entry.logId}/${entry.index}`, entry]));
      expect(known.size).toBeGreaterThan(100);
      for (const [place, entry] of known) expect(listed.get(place)).toMatchObject(entry);
    }, 60_000);

    it('that key is what it was', async () => {
      const key = moved(hands.today, now, made.client);
      expect(await hands.today.story.sendEntries(key, sentByMade.entries)).toEqual(sentByMade.places);
      await browser.must(204, 'DELETE', `/v1/api-keys/${made.apiKeyId}`);
      expect((await key.send('GET', '/v1/audit/entries')).status).toBe(401);
    }, 60_000);

    it('people stay erased', async () => {
      for (const { userId } of [erased, colleague]) {
        expect(await browser.must(200, 'GET', `/v1/members/${userId}/erasure`)).toMatchObject({
          status: 'erased',
        });
        for (const entry of await entriesOf(browser, { actor: userId }))
          expect(entry).toMatchObject({ sourceIp: null, url: null, userAgent: null });
      }
    }, 60_000);

    it('a bundle of everything holds, and each entry is proved', async () => {
      const { evidence } = hands.today;
      for (const client of [browser, at(hands.today, now).owner]) {
        const bundle = await exportBundle(client, { disclose: [...everything] });
        expect(await evidence.verify(former.scratch, bundle, await evidence.publicKeys(client))).toMatch(
          /^0: /,
        );
      }
      const { logs } = await logsOf(browser);
      const of = [...known.values()].filter(({ logId }) => logs.some((log) => log.logId === logId));
      for (const { logId, index } of of) {
        const log = logs.find((one) => one.logId === logId);
        const parsed = parseVerifierKey(log?.vkey ?? '');
        if (!log || !('key' in parsed)) throw new Error('The log has no key');
        const { leaf, proof } = (await browser.must(200, 'GET', `/v1/audit/entries/${logId}/${index}`)) as {
          leaf: string;
          proof: string;
        };
        const hash = leafHash(Buffer.from(leaf, 'base64'));
        expect(verifyTlogProof(Buffer.from(proof), hash, log.origin, [parsed.key]).status).toBe('included');
      }
    }, 120_000);
  });

  describe('rolled back with a key whose making nobody was told of yet', () => {
    let late: ApiKey;
    let browser: Client;
    let now: SystemUnderTest;
    const renamed = (name: string) => browser.must(204, 'PATCH', '/v1/organization', { body: { name } });
    const renamings = () => entriesOf(browser, { operation: 'identity.organization-renamed' });
    beforeAll(async () => {
      const before = system;
      if (!before) throw new Error('Nothing runs');
      const bus = (open: boolean) =>
        before.rows('identity', `alter database bus allow_connections ${open}; ${open ? '' : cutOff}`);
      await bus(false);
      late = await hands.today.people.makeApiKey(before, moved(hands.today, before, owner.browser), [
        'audit:read',
      ]);
      before.service('identity').kill('SIGKILL');
      await before.service('identity').exited;
      await bus(true);
      now = await change(hands.former);
      browser = moved(hands.former, now, owner.browser);
    }, 180_000);

    it('the former identity answers, and sends nothing', async () => {
      await moved(hands.former, now, late.client).must(200, 'GET', '/v1/audit/entries');
      await renamed('Engines, rolled back');
      await eventually('The relay at the event', async () =>
        (await readFile(path.join(now.logsFolder, 'identity.log'), 'utf8')).includes(unread)
          ? true
          : undefined,
      );
      expect(await renamings()).toEqual([]);
    }, 60_000);

    it('upgraded again, it sends all of it', async () => {
      now = await change(hands.today);
      browser = moved(hands.today, now, owner.browser);
      await quiet(now);
      expect(await renamings()).toHaveLength(1);
      expect(
        await entriesOf(browser, { operation: 'identity.api-key-created', q: late.apiKeyId }),
      ).toHaveLength(1);
    }, 180_000);
  });
});

/** Whoever is connected to the bus's database. */
const cutOff = `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'bus'`;

/** What release 0.1.0 says of an event that it cannot read. */
const unread = 'Event api-key-created has version 2';
