import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { decodeEntryBundle, leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import { publishingOf } from '../tools/data/publishing.ts';
import { unpack } from '../tools/fixture/archive.ts';
import { checkpointOf, entriesOf, type Entry, exportBundle, logsOf } from '../tools/fixture/evidence.ts';
import type { Facts, KnownPerson } from '../tools/fixture/facts.ts';
import { missingVersions, storedEvents } from '../tools/fixture/stored-versions.ts';
import { rootsAt } from './faults/checker/merkle.ts';
import { openStores, readStream, refold, type Store, streamsOf } from './release.stores.ts';
import { Authenticator } from './system/authenticator.ts';
import { Client } from './system/client.ts';
import { runTool } from './system/command.ts';
import { eventually } from './system/eventually.ts';
import { publicKeys, verify } from './system/evidence.ts';
import { emails, emailTo, tokenIn } from './system/emails.ts';
import { currentDocuments, newPerson } from './system/people.ts';
import { root } from './system/root.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const releases = path.join(root, 'tests/releases');

/** So long after the fixture was packed the clocks stand: its sessions live, and all that waits is due. */
const LATER_MS = 120_000;
/** An email that waits is written by whoever sends it: its subject as the release had it, and as it is today. */
const reworded = new Map([
  ['Confirm your e-mail address', 'Confirm your email address'],
  ['You have an account already', 'You already have an account'],
]);

/**
 * Whatever a release left behind, this code must start on, read and prove: the data folder of a system, the bundles that it gave out,
 * the keys that check them (docs/adr/0026).
 */
describe.each(readdirSync(releases))('the data of release %s', (release) => {
  const folder = path.join(releases, release);
  const facts = JSON.parse(readFileSync(path.join(folder, 'facts.json'), 'utf8')) as Facts;
  let scratch: string;
  let system: SystemUnderTest;
  let owner: Client;
  let backEnd: Client;

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'vouchsafe-release-'));
    // Started by root, Postgres runs as a user of its own, who must be able to pass.
    await chmod(scratch, 0o711);
    const data = path.join(scratch, 'data');
    await unpack(path.join(folder, 'data.tar.zst'), data);
    const clock = path.join(scratch, 'clock-offset');
    await writeFile(clock, `${Date.parse(facts.madeAt) + LATER_MS - Date.now()}\n`);
    // Read by the services and by the operator's commands alike.
    process.env.VOUCHSAFE_LOG_NAME = facts.logName;
    system = await startForTests(
      {
        VOUCHSAFE_CLOCK_OFFSET_FILE: clock,
        VOUCHSAFE_KEY_CACHE_MS: '0',
        VOUCHSAFE_INSTANCE_LEASE_MS: '2000',
      },
      { folder: data },
    ).catch((error: unknown) => {
      if (!/Postgres ended|written by Postgres/.test(String(error))) throw error;
      throw new Error(
        `The data of release ${release} cannot be opened here: it is a cluster of Postgres 18, of a 64-bit little-endian machine ` +
          `with Linux or macOS (docs/adr/0026). ${String(error)}`,
        { cause: error },
      );
    });
    owner = withCookie(facts.owner.cookie);
    backEnd = new Client(system.url, facts.apiKey);
  }, 120_000);
  afterAll(async () => {
    await system.stop();
    await rm(scratch, { recursive: true, force: true });
  }, 60_000);

  function withCookie(cookie: string): Client {
    const browser = new Client(system.url);
    browser.cookie = cookie;
    return browser;
  }

  it('is as it was committed', async () => {
    const sums = (await readFile(path.join(folder, 'sha256sums'), 'utf8')).trimEnd().split('\n');
    const found = globSync('**/*', { cwd: folder, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .filter((file) => file !== 'sha256sums')
      .sort();
    const hashed = await Promise.all(
      found.map(async (file) => {
        const hash = createHash('sha256').update(await readFile(path.join(folder, file)));
        return `${hash.digest('hex')}  ${file}`;
      }),
    );
    expect(hashed).toEqual(sums);
  });

  describe('its events', () => {
    let stores: Awaited<ReturnType<typeof openStores>>;
    beforeAll(async () => {
      stores = await openStores(system);
    });
    afterAll(() => stores.close());
    const storeOf = (service: string): Store => {
      const store = stores.all.find(({ name }) => name === service);
      if (!store) throw new Error(`No store of ${service}`);
      return store;
    };

    /** Triggers guard events from every role; a replica's session runs none. */
    const plant = (update: string) =>
      system.rows('identity', `set session_replication_role = replica; ${update}`);

    it.each(serviceNames)('of %s are there, of every type and version', async (service) => {
      const stored = await storedEvents(system, service);
      for (const [name, count] of Object.entries(facts.events[service] ?? {}))
        expect({ name, enough: (stored[name] ?? 0) >= count }).toEqual({ name, enough: true });
      const known = (await publishingOf(root, service)).flatMap(({ catalog }) =>
        Object.keys(catalog.definitions),
      );
      expect(Object.keys(stored).filter((name) => !known.includes(name.replace(/ v\d+$/, '')))).toEqual([]);
    });

    it.each(serviceNames)(
      'of %s are all read, stream by stream',
      async (service) => {
        const store = storeOf(service);
        const streams = await streamsOf(store);
        // A service that the release did not have has none yet.
        if (service in facts.events) expect(streams.length).toBeGreaterThan(0);
        const unread: string[] = [];
        for (const stream of streams) {
          const read = await readStream(root, store, stream).catch((error: unknown) => String(error));
          if (read !== stream.count) unread.push(`${stream.types.join(', ')}: ${String(read)}`);
        }
        expect(unread).toEqual([]);
      },
      60_000,
    );

    it('are told by their name where they cannot be read', async () => {
      const store = storeOf('identity');
      const found = (await streamsOf(store)).find(({ types }) => types.includes('user-renamed'));
      if (!found) throw new Error('Nobody was renamed');
      const missing = await missingVersions(root, system);
      const unreadable = async (changed: string, back: string, said: string) => {
        await plant(`update event set ${changed} where type = 'user-renamed'`);
        try {
          const now = (await streamsOf(store)).find(({ stream }) => stream === found.stream) ?? found;
          await expect(readStream(root, store, now)).rejects.toThrow(said);
          const more = (await missingVersions(root, system)).filter((name) => !missing.includes(name));
          expect(more).toEqual(['identity: user-renamed v1']);
        } finally {
          await plant(`update event set ${back}`);
        }
      };
      await unreadable(
        'schema_version = 99',
        `schema_version = 1 where schema_version = 99`,
        'Event user-renamed has version 99',
      );
      await unreadable(
        `type = 'user-forgotten'`,
        `type = 'user-renamed' where type = 'user-forgotten'`,
        'No catalog of identity lists',
      );
    }, 60_000);

    it('of identity lead every decider to a state', async () => {
      const { folded, failed, left } = await refold(root, storeOf('identity'));
      expect(failed).toEqual([]);
      // Streams of one fact each, which every service has; nothing is decided by them.
      const ofPackages = ['erasure-receipt', 'parked-message', 'sealing-run'];
      expect(left.filter((name) => !ofPackages.includes(name))).toEqual([]);
      expect(folded).toBeGreaterThan(50);
    }, 60_000);
  });

  describe('its people', () => {
    it('go on in their sessions, and with their keys', async () => {
      expect(await owner.must(200, 'GET', '/v1/me')).toMatchObject({
        user: { userId: facts.owner.userId, email: facts.owner.email, name: facts.owner.name },
      });
      await backEnd.must(200, 'GET', '/v1/members');
      await withCookie(facts.stuck.owner.cookie).must(200, 'GET', '/v1/me');
    });

    it('log in by their passwords, codes and recovery codes', async () => {
      const { email, password } = facts.colleague;
      await new Client(system.url).must(201, 'POST', '/v1/sessions', { body: { email, password } });
      const totp = new Authenticator(facts.owner.totpSecret).codeAt(Date.parse(facts.madeAt) + LATER_MS);
      for (const answer of [{ totp }, { recoveryCode: facts.owner.recoveryCode }]) {
        const { challengeId } = (await new Client(system.url).must(200, 'POST', '/v1/sessions', {
          body: { email: facts.owner.email, password: facts.owner.password },
        })) as { challengeId: string };
        await new Client(system.url).must(201, 'POST', `/v1/sessions/challenges/${challengeId}`, {
          body: answer,
        });
      }
    });

    it('are members and guests as before', async () => {
      const items = async (url: string) => ((await owner.must(200, 'GET', url)) as { items: object[] }).items;
      expect(sortedBy('userId', await items('/v1/members'))).toMatchObject(
        sortedBy('userId', facts.organization.members),
      );
      expect(sortedBy('invitationId', await items('/v1/invitations'))).toMatchObject(
        sortedBy('invitationId', facts.organization.invitations),
      );
    });

    it('are answered the same when they ask again under the same key', async () => {
      const { path: url, key, body, answer } = facts.idempotent;
      expect(await owner.must(201, 'POST', url, { body, headers: { 'idempotency-key': key } })).toEqual(
        answer,
      );
    });

    it('get the emails that no mail server took, and their links work', async () => {
      for (const { to, subject } of facts.emails)
        await emailTo(system.mailFolder, to, reworded.get(subject) ?? subject);
      const [invited] = facts.emails;
      const token = tokenIn(await emailTo(system.mailFolder, invited?.to ?? '', 'Join '));
      const { name, password } = newPerson();
      await new Client(system.url).must(201, 'POST', '/v1/invitations/acceptance', {
        body: { token, name, password, accept: await currentDocuments(system) },
      });
    });

    it.each(facts.erased.map((person) => [person.userId, person] as const))(
      'who were erased stay erased (%s, P10)',
      async (_, person) => {
        await expectErased(person);
      },
    );
  });

  async function expectErased({ userId, email, password, name }: KnownPerson): Promise<void> {
    expect(await owner.must(200, 'GET', `/v1/members/${userId}/erasure`)).toMatchObject({ status: 'erased' });
    const { items } = (await owner.must(200, 'GET', '/v1/members')) as { items: { userId: string }[] };
    expect(items.map((item) => item.userId)).not.toContain(userId);
    const again = await new Client(system.url).send('POST', '/v1/sessions', { body: { email, password } });
    expect(again.status).toBe(401);
    const theirs = await entriesOf(owner, { actor: userId });
    expect(theirs.length).toBeGreaterThan(1);
    for (const entry of theirs) expect(entry).toMatchObject({ sourceIp: null, url: null, userAgent: null });
    expect((await emails(system.mailFolder)).filter(({ text }) => text.includes(name))).toEqual([]);
  }

  describe('its log', () => {
    it('lists every entry with the content that it had', async () => {
      const now = new Map((await entriesOf(owner)).map((entry) => [placeOf(entry), entry]));
      for (const entry of facts.organization.entries) expect(now.get(placeOf(entry))).toMatchObject(entry);
    }, 60_000);

    it('proves every entry', async () => {
      const keys = await verifierKeys();
      const left = [...facts.organization.entries];
      const unproven: string[] = [];
      const proveOn = async (): Promise<void> => {
        for (let entry = left.pop(); entry; entry = left.pop()) {
          const { logId, index } = entry;
          const { leaf, proof } = (await backEnd.must(200, 'GET', `/v1/audit/entries/${logId}/${index}`)) as {
            leaf: string;
            proof: string;
          };
          if (statusOf(keys, logId, leaf, proof) !== 'included') unproven.push(placeOf(entry));
        }
      };
      await Promise.all(Array.from({ length: 16 }, proveOn));
      expect(unproven).toEqual([]);
    }, 60_000);

    it('proves by the proof that was given out', async () => {
      const { leaf, proof, logId } = facts.proof;
      expect(statusOf(await verifierKeys(), logId, leaf, proof)).toBe('included');
    });

    it('has grown from the trees that were given out, under the same keys', async () => {
      const { logs } = await logsOf(owner);
      for (const { folder: kept, logId, size } of facts.staticLogs) {
        const former = facts.organization.logs.find((log) => log.logId === logId);
        const log = logs.find((one) => one.logId === logId);
        expect(log).toMatchObject({ origin: former?.origin, vkey: former?.vkey });
        const now = await checkpointOf(owner, logId);
        const leaves = (await entryTiles(logId, now.size)).map((leaf) => Buffer.from(leafHash(leaf)));
        const roots = rootsAt(leaves, [size, now.size]);
        const note = await readFile(path.join(folder, kept, 'checkpoint'), 'utf8');
        expect(note.split('\n').slice(1, 3)).toEqual([String(size), roots.get(size)]);
        expect(now.note.split('\n')[2]).toBe(roots.get(now.size));
      }
    });

    it('serves an auditor’s path as before', async () => {
      const { status, text } = await new Client(system.url).send('GET', `${facts.readerPath}/checkpoint`);
      expect({ status, origin: text.split('\n')[0] }).toEqual({
        status: 200,
        origin: facts.organization.logs[0]?.origin,
      });
    });

    it('knows what was sent before, and records it no second time', async () => {
      const { entries, places } = facts.sent;
      const erased = new Set(facts.erased.map(({ userId }) => userId));
      // Of an erased person's entry only what its leaf still says can be compared (docs/audit-entries.md).
      const known = places.map((place, nth) =>
        erased.has((entries[nth]?.actor as { id: string }).id) ? { ...place, partlyCompared: true } : place,
      );
      expect(known).not.toEqual(places);
      expect(await backEnd.must(201, 'POST', '/v1/audit/entries', { body: { entries } })).toEqual({
        entries: known,
      });
      const { apiKey, entry, place } = facts.long;
      const long = new Client(system.url, apiKey);
      expect(await long.must(201, 'POST', '/v1/audit/entries', { body: { entries: [entry] } })).toEqual({
        entries: [place],
      });
    });

    it('says of the request whose gateway was killed that its outcome is unknown', async () => {
      const { requestId } = facts.openEntry;
      const entry = await eventually('The entry', async () => (await entriesOf(owner, { requestId }))[0]);
      expect(entry).toMatchObject({ operation: 'audit-entry.record', outcome: 'unknown' });
    });
  });

  async function entryTiles(logId: string, size: number): Promise<Uint8Array[]> {
    const leaves: Uint8Array[] = [];
    for (let first = 0; first < size; first += 256) {
      const width = Math.min(256, size - first);
      const name = `tile/entries/${String(first / 256).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`;
      const { status, bytes } = await backEnd.send('GET', `/v1/audit/logs/${logId}/${name}`);
      const decoded = status === 200 ? decodeEntryBundle(bytes) : undefined;
      if (!decoded) throw new Error(`${name}: ${status}`);
      leaves.push(...decoded);
    }
    return leaves;
  }

  async function verifierKeys(): Promise<Map<string, { origin: string; vkey: string }>> {
    return new Map((await logsOf(owner)).logs.map((log) => [log.logId, log]));
  }

  describe('its bundles', () => {
    it.each(facts.bundles.map((bundle) => [bundle.file, bundle] as const))(
      '%s is judged as on the day that it was made',
      async (_, { file, verdict }) => {
        const keys = await readFile(path.join(folder, 'keys.vkey'), 'utf8');
        const said = await verify(scratch, await readFile(path.join(folder, file)), keys);
        expect(said).toMatch(new RegExp(`^${verdict}: `));
      },
      60_000,
    );

    describe('asked for anew', () => {
      let anew: ReadonlyMap<string, Buffer>;
      beforeAll(async () => {
        anew = new Map(
          await Promise.all(
            facts.bundles.map(
              async ({ file, request }) =>
                [file, await exportBundle(owner, { to: facts.madeAt, ...request })] as const,
            ),
          ),
        );
      }, 120_000);

      it.each(facts.bundles.map(({ file }) => file))(
        'hold, and open nothing of the erased: %s',
        async (file) => {
          const bundle = anew.get(file) ?? Buffer.alloc(0);
          expect(await verify(scratch, bundle, await publicKeys(owner))).toMatch(/^0: /);
          for (const { email, name } of facts.erased)
            expect([bundle.includes(email), bundle.includes(name)]).toEqual([false, false]);
        },
      );
    });
  });

  describe('its dead letters', () => {
    const settle = (service: string, verb: string, organizationId: string) =>
      runTool('dead-letters/dead-letters.ts', [
        ...[verb, '--service', service, '--organization', organizationId],
        ...(verb === 'list' ? [] : ['--reason', 'after the upgrade', '--by', 'grace']),
        ...['--data', system.folder],
      ]);

    it('are listed', async () => {
      const { owner: stuckOwner, deadLetters } = facts.stuck;
      const listed = await Promise.all(
        ['audit', 'identity'].map((service) => settle(service, 'list', stuckOwner.organizationId)),
      );
      const [ofAudit, ofIdentity] = listed.map(({ output }) =>
        Number(/^(\d+) dead letters/m.exec(output)?.[1]),
      );
      // What came since waits behind them.
      expect(ofAudit).toBeGreaterThanOrEqual(deadLetters.audit ?? Infinity);
      expect(ofIdentity).toBeGreaterThanOrEqual(deadLetters.identity ?? Infinity);
    }, 60_000);

    it('are replayed', async () => {
      const { organizationId } = facts.stuck.owner;
      const replayed = await Promise.all(
        ['audit', 'identity'].map((service) => settle(service, 'replay', organizationId)),
      );
      for (const { code, output } of replayed)
        expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(', 0 left.') });
    }, 60_000);

    it('held back an erasure, which is completed then', async () => {
      const browser = withCookie(facts.stuck.owner.cookie);
      await erasedBy(browser, facts.stuck.erasing);
    }, 60_000);

    it('of the gateway held back the last receipt of another', async () => {
      const { organizationId, userId } = facts.underErasure;
      expect(await owner.must(200, 'GET', `/v1/members/${userId}/erasure`)).toMatchObject({
        status: 'partial',
        waitingFor: ['gateway'],
      });
      expect(await settle('gateway', 'replay', organizationId)).toMatchObject({ code: 0 });
      await erasedBy(owner, userId);
    }, 60_000);
  });

  async function erasedBy(browser: Client, userId: string): Promise<void> {
    await eventually('Every receipt', async () => {
      const { status } = (await browser.must(200, 'GET', `/v1/members/${userId}/erasure`)) as {
        status: string;
      };
      return status === 'erased' ? true : undefined;
    });
  }
});

function statusOf(
  keys: ReadonlyMap<string, { origin: string; vkey: string }>,
  logId: string,
  leaf: string,
  proof: string,
): string {
  const log = keys.get(logId);
  const parsed = parseVerifierKey(log?.vkey ?? '');
  if (!log || !('key' in parsed)) throw new Error(`The log ${logId} has no key`);
  const hash = leafHash(Buffer.from(leaf, 'base64'));
  return verifyTlogProof(Buffer.from(proof), hash, log.origin, [parsed.key]).status;
}

function placeOf({ logId, index }: Pick<Entry, 'logId' | 'index'>): string {
  return `${logId}/${index}`;
}

function sortedBy(member: string, items: readonly object[]): object[] {
  const of = (item: object) => String((item as Record<string, unknown>)[member]);
  return [...items].sort((a, b) => of(a).localeCompare(of(b)));
}
