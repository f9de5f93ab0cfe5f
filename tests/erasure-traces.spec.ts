/** @promise P10 nothing of two erased people is left in any table or file */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { databases } from '../tools/start/databases.ts';
import { freeTexts, markers, personalFieldsOfContracts } from './erasure-traces.markers.ts';
import { everyRow, formsOf } from './system/at-rest.ts';
import { Client, freshKey } from './system/client.ts';
import { runTool } from './system/command.ts';
import { eventually } from './system/eventually.ts';
import { exported } from './system/evidence.ts';
import { emailTo, tokenIn } from './system/emails.ts';
import { currentDocuments, join, makeApiKey, newPerson, type Person } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import {
  countOfKeys,
  filesOf,
  jwesIn,
  keysLeft,
  openedByAny,
  transitKeysOf,
} from './system/sealed-on-disk.ts';

/**
 * P10: a marker in every field that takes a person's own words, two people erased, and then nothing of it anywhere: not in the
 * databases' files, not in the write-ahead log, the bus, the emails, the logs, the exports. A service is killed in the midst of it.
 * The bus keeps what it holds: nobody waits for its seven days.
 */
const mark = markers();
/** What must be found where it is looked for: the search itself could be blind. */
const findable = `findable-${randomUUID()}`;

/** Free text that is no person's own: why not. */
const impersonal: Readonly<Record<string, string>> = {
  'retention-policy.read path.id': 'the name of a policy, of a closed set',
  'retention-policy.preview path.id': 'the name of a policy, of a closed set',
  'api-key.create body.name': "a program's name",
  ...Object.fromEntries(
    [
      ...['api-key.create body.source', 'audit-entry.list query.source'],
      'audit-export.request body.filter.source',
    ].map((field) => [field, "a program's name, of a few letters, digits, dots and dashes"]),
  ),
  ...Object.fromEntries(
    ['audit-entry.list query.submitterId', 'audit-export.request body.filter.submitterId'].map((field) => [
      field,
      'the random id of a key or session, or the name of a service',
    ]),
  ),
  'audit-reader.create body.name': "what its maker calls an auditor's path, sealed by the month's key",
  'organization.change body.name': "the customer's name",
  'sign-up.create body.organization.name': "the customer's name",
  'termination.begin body.organizationName': "the customer's name",
  ...Object.fromEntries(
    [
      ...['invitation.accept body.token', 'invitation.accept body.password', 'password.reset body.token'],
      ...['password.reset body.password', 'password.change body.currentPassword'],
      ...[
        'password.change body.newPassword',
        'session.create body.password',
        'session.step-up body.password',
      ],
      ...['session.step-up body.totp', 'session.answer-challenge body.totp'],
      ...['session.answer-challenge body.recoveryCode', 'session.answer-challenge path.id'],
      ...[
        'authenticator.confirm-totp body.totp',
        'sign-up.create body.user.password',
        'stripe-key.set body.key',
      ],
      ...['sign-up.verify body.token'],
    ].map((field) => [field, 'a secret; tests/secrets.spec.ts looks for those']),
  ),
  ...Object.fromEntries(
    [
      ...['invitation.accept body.accept.*.version', 'consent.record body.accept.*.version'],
      ...['session.answer-challenge body.accept.*.version', 'sign-up.create body.accept.*.version'],
      ...['legal-document.read path.version'],
    ].map((field) => [field, 'the version of a published text, or refused']),
  ),
  ...Object.fromEntries(
    freeTexts()
      .filter((field) => field.endsWith('.list query.cursor'))
      .map((field) => [field, 'made by the service, or refused']),
  ),
  ...Object.fromEntries(
    [
      ...['audit-entry.record body.entries.*.actor.type', 'audit-entry.record body.entries.*.operation'],
      ...['audit-entry.record body.entries.*.entity.type', 'audit-entry.list query.operation'],
      ...['audit-entry.list query.entityType', 'audit-export.request body.filter.operation'],
      ...['audit-export.request body.filter.entityType', 'audit-export.request body.disclose.*'],
    ].map((field) => [field, "of a closed set of the sender's"]),
  ),
  'audit-entry.record body.entries.*.actor.id':
    'the random id of a user of ours; of anybody else it is sealed by the month’s key',
  ...Object.fromEntries(
    freeTexts()
      .filter((field) => /^(?:checkout|customer|invoice|payment-method|portal|subscription)[-.]/.test(field))
      .map((field) => [
        field,
        'of the organization as a customer, or an id of Stripe; services/billing/src/erasure looks for its name and address',
      ]),
  ),
  'hold.place body.scope.entityType': "of a closed set of the sender's",
  'hold.place body.scope.entityId': 'the id of an entity; what could be an address is refused',
  ...Object.fromEntries(
    ['hold.place body.reason', 'hold.review body.reason', 'hold.release body.reason'].map((field) => [
      field,
      'why something is held: sealed under a key of the hold’s own, which stays as long as the hold must be shown',
    ]),
  ),
  ...Object.fromEntries(
    [
      ...['data-request.make body.email', 'data-request.make body.text', 'data-request.refuse body.reasons'],
      ...['data-request.extend body.reasons', 'data-request.fulfil body.statement'],
      ...[
        'data-request.announce-lifting body.reasons',
        'data-request.note-recipients body.recipients.*.name',
      ],
    ].map((field) => [
      field,
      'of a request: sealed under keys of its own, of which one goes with its closure and one a year later (tests/requests.spec.ts)',
    ]),
  ),
  'data-request.confirm body.token': 'made from a keyed hash whenever it is needed, and stored nowhere',
  'data-request.approve body.hash': 'the hash of a preview',
  'audit-log.checkpoint path.log': "a log's id, or masked",
  'audit-log.tile path.log': "a log's id, or masked",
  'audit-log.tile path.path': 'the place of a tile, or refused',
};

let system: SystemUnderTest;
let ada: Person;
let eve: Person;
let grace: Person;
let told: ReadonlySet<string>;
/** Messages about the two, as they lie on the bus. */
let aboutThem: readonly string[];
let before: Buffer;
let keysOfThem: readonly Buffer[];
let halfDone: { status: string; receipts: readonly { service: string }[]; waitingFor: readonly string[] };

beforeAll(async () => {
  system = await startForTests(
    { VOUCHSAFE_KEY_CACHE_MS: '0', VOUCHSAFE_TRUSTED_HOPS: '1', VOUCHSAFE_LOG_LEVEL: 'trace' },
    { killsServices: true },
  );
  await plant();
  told = await fieldsOnTheBus();
  aboutThem = (await messagesOnTheBus()).filter(({ opened }) => mark.isIn(opened)).map(({ value }) => value);
  keysOfThem = await wrappedKeys();
  before = (await exported(grace.browser, everything)).bundle;
  await eraseBoth();
}, 300_000);
afterAll(() => system.stop(), 60_000);

describe('a marker', () => {
  it('was planted in every free text that an operation takes, or it is said why that is nobody’s', () => {
    const planted = new Set(mark.all().map(({ field }) => field));
    expect(freeTexts().filter((field) => !planted.has(field) && !(field in impersonal))).toEqual([]);
    expect(Object.keys(impersonal).filter((field) => !freeTexts().includes(field))).toEqual([]);
  });

  it('was seen on the bus in every field that a contract marks as a person’s', () => {
    const fields = personalFieldsOfContracts().map(({ type, path: steps }) => `${type} ${steps.join('.')}`);
    expect(fields.length).toBeGreaterThan(8);
    expect(fields.filter((field) => !told.has(field))).toEqual([]);
  });

  it('stood in the evidence before the erasure', () => {
    for (const field of [
      'ada user-agent',
      'eve address',
      'audit-entry.record body.entries.*.url',
      'invitation.create body.email',
    ]) {
      expect({ field, found: before.includes(textOf(field)) }).toEqual({ field, found: true });
    }
  });
});

describe('the erasure of two people, with a service killed in its midst (P10)', () => {
  it('is shown as half done until the service is back', () => {
    expect(halfDone.status).toBe('partial');
    expect(halfDone.receipts.map(({ service }) => service).sort()).toEqual(
      serviceNames.filter((name) => name !== 'audit').toSorted(),
    );
    expect(halfDone.waitingFor).toEqual(['audit']);
  });

  it('leaves no marker in any row of any database', async () => {
    const rows = await everyRow(system, databases);
    expect(rows.some(({ text }) => text.includes(findable))).toBe(true);
    expect(found((form) => rows.filter(({ text }) => text.includes(form)).map(({ table }) => table))).toEqual(
      [],
    );
  }, 120_000);

  it('leaves no marker in a file: databases, write-ahead log, bus, emails, logs, exports, tombstones', async () => {
    // What stands in memory alone until now.
    await system.rows('bus', 'checkpoint');
    const files = await filesOf(system);
    for (const part of ['postgres/base/', 'pg_wal/', 'mail/', 'logs/', 'tombstones/'])
      expect(files.some(({ file }) => file.includes(part))).toBe(true);
    expect(
      files.some(({ file, bytes }) => file.startsWith('postgres/base/') && bytes.includes(findable)),
    ).toBe(true);
    expect(
      found((form) => files.filter(({ bytes }) => bytes.includes(form)).map(({ file }) => file)),
    ).toEqual([]);
  }, 120_000);

  it('leaves what lies on the bus about them, and no key that opens it', async () => {
    const standing = await countOfKeys(system);
    const keys = await keysLeft(system);
    expect(keys.length).toBeGreaterThanOrEqual(standing);
    // What everybody else's messages say is read by these very keys.
    const others = await openedByAny(await messageSince(), keys);
    expect(others).toContain(grace.userId);
    expect(aboutThem.length).toBeGreaterThan(20);
    const kept = new Set((await messagesOnTheBus()).map(({ value }) => value));
    expect(aboutThem.filter((jwe) => !kept.has(jwe))).toEqual([]);
    for (const jwe of aboutThem) expect(await openedByAny(jwe, keys)).toBeUndefined();
    const onDisk = jwesIn(await filesOf(system, 'postgres'));
    expect(aboutThem.filter((jwe) => onDisk.includes(jwe)).length).toBeGreaterThan(20);
    const opened = [];
    for (const jwe of onDisk) opened.push((await openedByAny(jwe, keys)) ?? '');
    expect(opened.filter((text) => text !== '').length).toBeGreaterThan(0);
    expect(opened.filter(mark.isIn)).toEqual([]);
  }, 120_000);

  it('leaves audit, which was away when the last of it was published, to read that as erased', async () => {
    const { entries } = (await grace.browser.must(200, 'GET', '/v1/audit/entries', {
      query: { actor: ada.userId, limit: '1000' },
    })) as { entries: { operation: string; sourceIp: string | null; userAgent: string | null }[] };
    expect(entries.filter(({ operation }) => operation === 'me.read').length).toBeGreaterThan(0);
    for (const entry of entries) expect(entry).toMatchObject({ sourceIp: null, userAgent: null });
    const metrics = await (await fetch(`${system.service('audit').healthUrl}/metrics`)).text();
    expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="key-destroyed"\} [1-9]/m);
    expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="not-authentic"\} 0$/m);
    expect(metrics).toMatch(/^consumer_messages_not_opened_total\{why="not-encrypted"\} 0$/m);
  });

  it('leaves none of the destroyed keys on the disk, as they were wrapped, once the operator has scrubbed it', async () => {
    const scrubbed = await runTool('keys/keys.ts', ['scrub', '--data', system.folder]);
    expect(scrubbed).toMatchObject({ code: 0 });
    expect(keysOfThem.length).toBeGreaterThan(5);
    const files = await filesOf(system);
    const kept = keysOfThem.flatMap((key) => files.filter(({ bytes }) => bytes.includes(key)));
    expect(kept.map(({ file }) => file)).toEqual([]);
  }, 120_000);

  it('leaves no marker in a new export, which says what is erased', async () => {
    const { bundle } = await exported(grace.browser, everything);
    expect(bundle.includes(grace.email)).toBe(true);
    expect(found((form) => (bundle.includes(form) ? ['bundle'] : []))).toEqual([]);
  });
});

const everything = ['id', 'actor.id', 'entity.id', 'sourceIp', 'url', 'userAgent', 'requestId', 'details'];

function textOf(wanted: string): string {
  const marker = mark.all().find(({ field }) => field === wanted);
  if (!marker) throw new Error(`Nothing was planted in ${wanted}`);
  return marker.text;
}

/** Somebody whose every request comes from a marked address and a marked browser. */
function marked(who: string): Client {
  return new Client(system.url, null, {
    'user-agent': mark.text(`${who} user-agent`),
    'x-forwarded-for': mark.ip(`${who} address`),
  });
}

async function plant(): Promise<void> {
  ada = await adaSignsUp();
  const { browser } = ada;
  grace = await join(system, browser, 'owner');
  eve = await eveJoins();
  await browser.must(201, 'POST', '/v1/attachments', {
    query: { name: mark.text('attachment.store query.name') },
    body: 'a file',
  });
  await browser.must(204, 'PATCH', '/v1/me', { body: { name: mark.text('me.rename body.name') } });
  // A path holds what people write into it.
  await browser.must(400, 'GET', `/v1/members/${mark.text('path')}`);
  const entity = mark.text('audit-entry.list query.entityId');
  await browser.must(200, 'GET', '/v1/audit/entries', {
    query: {
      actor: mark.text('audit-entry.list query.actor'),
      entityId: entity,
      sourceIp: mark.ip('audit-entry.list query.sourceIp'),
      requestId: mark.text('audit-entry.list query.requestId'),
      q: mark.text('audit-entry.list query.q'),
    },
  });
  await entryAbout(ada);
  const { exportId } = (await browser.must(202, 'POST', '/v1/audit/exports', {
    body: {
      filter: {
        actor: mark.text('audit-export.request body.filter.actor'),
        entityId: mark.text('audit-export.request body.filter.entityId'),
        sourceIp: mark.ip('audit-export.request body.filter.sourceIp'),
        requestId: mark.text('audit-export.request body.filter.requestId'),
        q: mark.text('audit-export.request body.filter.q'),
      },
      reason: mark.text('audit-export.request body.reason'),
    },
    headers: freshKey(),
  })) as { exportId: string };
  await eventually('Her export', async () => {
    const { status } = (await browser.must(200, 'GET', `/v1/audit/exports/${exportId}`)) as {
      status: string;
    };
    return status === 'ready' ? true : undefined;
  });
}

async function adaSignsUp(): Promise<Person> {
  const [email, name] = [
    mark.email('sign-up.create body.user.email'),
    mark.text('sign-up.create body.user.name'),
  ];
  const [first, second] = [newPerson().password, newPerson().password];
  const browser = marked('ada');
  const ids = (await browser.must(201, 'POST', '/v1/sign-up', {
    body: {
      organization: { name: findable },
      user: { email, name, password: first },
      accept: await currentDocuments(system),
    },
    headers: freshKey(),
  })) as { organizationId: string; userId: string };
  const token = tokenIn(await emailTo(system.mailFolder, email, 'Confirm'));
  await browser.must(200, 'POST', '/v1/sign-up/verification', { body: { token } });
  await browser.must(401, 'POST', '/v1/sessions', { body: { email, password: newPerson().password } });
  await browser.must(202, 'POST', '/v1/password-resets', { body: { email } });
  const reset = tokenIn(await emailTo(system.mailFolder, email, 'Choose a new password'));
  await browser.must(204, 'POST', '/v1/password-resets/confirmation', {
    body: { token: reset, password: second },
  });
  await browser.must(201, 'POST', '/v1/sessions', { body: { email, password: second } });
  for (const field of ['password.request-reset body.email', 'session.create body.email'])
    mark.same(field, email);
  return { ...ids, email, name, password: second, browser };
}

async function eveJoins(): Promise<Person> {
  const [email, name] = [
    mark.email('invitation.create body.email'),
    mark.text('invitation.accept body.name'),
  ];
  const { password } = newPerson();
  await ada.browser.must(201, 'POST', '/v1/invitations', {
    body: { email, role: 'auditor' },
    headers: freshKey(),
  });
  const token = tokenIn(await emailTo(system.mailFolder, email, 'Join '));
  const browser = marked('eve');
  const ids = (await browser.must(201, 'POST', '/v1/invitations/acceptance', {
    body: { token, name, password, accept: await currentDocuments(system) },
    headers: freshKey(),
  })) as { organizationId: string; userId: string };
  await browser.must(201, 'POST', '/v1/sessions', { body: { email, password } });
  await browser.must(200, 'GET', '/v1/me');
  return { ...ids, email, name, password, browser };
}

/** What a back end tells of a user of ours. */
async function entryAbout({ userId }: Person): Promise<void> {
  const { client } = await makeApiKey(system, grace.browser, ['audit:write']);
  const at = (name: string) => `audit-entry.record body.entries.*.${name}`;
  await client.must(201, 'POST', '/v1/audit/entries', {
    body: {
      entries: [
        {
          id: mark.text(at('id')),
          occurredAt: new Date().toISOString(),
          actor: { type: 'user', id: userId },
          operation: 'invoice.read',
          entity: { type: 'invoice', id: mark.text(at('entity.id')) },
          outcome: 'success',
          sourceIp: mark.ip(at('sourceIp')),
          url: `/invoices/${mark.text(at('url'))}`,
          userAgent: mark.text(at('userAgent')),
          requestId: mark.text(at('requestId')),
          details: { [mark.text(at('details.*'))]: mark.text('a value of the details') },
        },
      ],
    },
  });
}

/** What the bus holds sealed: as it lies there, and as it opens by the transit keys of now. */
async function messagesOnTheBus(): Promise<{ type: string; value: string; opened: string }[]> {
  const keys = await transitKeysOf(system);
  const rows = await system.rows<{ type: string; key: string; value: string }>(
    'bus',
    `select headers->>'ce_type' as type, headers->>'ce_transitkey' as key, value from message
     where headers->>'content-type' = 'application/jose'`,
  );
  return Promise.all(
    rows.map(async ({ type, key, value }) => {
      const known = keys.get(key);
      return { type, value, opened: (known && (await openedByAny(value, [known]))) ?? '' };
    }),
  );
}

/** `<contract> <field>` of every personal field in which a marker crossed the bus: sealed, as its transit key shows. */
function fieldsOnTheBus(): Promise<ReadonlySet<string>> {
  const wanted = personalFieldsOfContracts();
  return eventually('Every fact', async () => {
    const messages = (await messagesOnTheBus()).filter(({ opened }) => opened !== '');
    const seen = new Set(
      messages.flatMap(({ type, opened }) =>
        wanted
          .filter((field) => field.type === type)
          .filter(({ path: steps }) => {
            const at = steps.reduce<unknown>(
              (inner, step) => (inner as Record<string, unknown> | null)?.[step],
              JSON.parse(opened),
            );
            return typeof at === 'string' && mark.isIn(at);
          })
          .map(({ path: steps }) => `${type} ${steps.join('.')}`),
      ),
    );
    return seen.size === wanted.length ? seen : undefined;
  }).catch(() => new Set<string>());
}

/** Of what Grace does now, as it lies on the bus. */
async function messageSince(): Promise<string> {
  const before = new Set((await messagesOnTheBus()).map(({ value }) => value));
  await grace.browser.must(200, 'GET', '/v1/me');
  return eventually(
    'A message of hers',
    async () =>
      (await messagesOnTheBus()).find(
        ({ value, opened }) => !before.has(value) && opened.includes(grace.userId),
      )?.value,
  );
}

async function wrappedKeys(): Promise<Buffer[]> {
  const found = [];
  for (const database of serviceNames) {
    const rows = await system.rows<{ wrapped: Buffer }>(
      database,
      'select wrapped from vault_data_key where holder = any ($1)',
      [[ada, eve].map(({ userId }) => `subject:${userId}`)],
    );
    const transit = await system.rows<{ wrapped: Buffer }>(
      database,
      'select wrapped from vault_transit_key where organization_id = $1',
      [ada.organizationId],
    );
    found.push(...[...rows, ...transit].map(({ wrapped }) => wrapped));
  }
  return found;
}

async function eraseBoth(): Promise<void> {
  system.service('audit').kill('SIGKILL');
  await system.service('audit').exited;
  // What they did last is on its way while they are erased.
  await ada.browser.must(200, 'GET', '/v1/me');
  for (const { userId } of [ada, eve])
    await grace.browser.must(202, 'POST', `/v1/members/${userId}/erasure`, { headers: freshKey() });
  const look = ({ userId }: Person) =>
    grace.browser.must(200, 'GET', `/v1/members/${userId}/erasure`) as Promise<typeof halfDone>;
  halfDone = await eventually(
    'The receipts of all others',
    async () => {
      const now = await look(ada);
      return now.receipts.length === serviceNames.length - 1 ? now : undefined;
    },
    60_000,
  );
  await system.restart('audit');
  for (const person of [ada, eve]) {
    const erased = async () => ((await look(person)).status === 'erased' ? true : undefined);
    await eventually('Every receipt', erased, 60_000);
  }
}

/** `<field> in <place>` of every marker that a search finds, however it is written. */
function found(where: (form: string) => readonly string[]): string[] {
  return mark.all().flatMap(({ field, text }) =>
    formsOf(text)
      .flatMap(where)
      .map((place) => `${field} in ${place}`),
  );
}
