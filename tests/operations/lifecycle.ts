import { randomUUID } from 'node:crypto';
import type { Requests } from '../openapi.fixtures.ts';
import { marked, type World } from '../openapi.world.ts';
import { Client } from '../system/client.ts';
import { emailTo, tokenIn } from '../system/emails.ts';
import { eventually } from '../system/eventually.ts';
import { join, type Person, signUp } from '../system/people.ts';

export const requests: Requests = {
  'termination.read': ({ owner }) => ({ as: owner.browser }),
  'termination.begin': async (world) => {
    const { person, organizationName } = await another(world);
    return { as: person.browser, body: { organizationName } };
  },
  'termination.undo': async (world) => {
    const { person, organizationName } = await another(world);
    await person.browser.must(201, 'POST', '/v1/lifecycle/termination', { body: { organizationName } });
    return { as: person.browser };
  },
  // The policies are the system's, and no organization's.
  'retention-policy.list': ({ owner }) => ({ as: owner.browser }),
  'retention-policy.read': ({ owner }) => ({ as: owner.browser, params: { id: 'audit-log' }, refers: false }),
  'retention-policy.preview': ({ owner }) => ({
    ...{ as: owner.browser, params: { id: 'audit-log' }, body: { months: 6 }, refers: false },
  }),
  'processing-record.read': ({ owner }) => ({ as: owner.browser }),
  'processing-record.export': ({ owner }) => ({ as: owner.browser }),
  'hold.list': ({ owner }) => ({ as: owner.browser }),
  'hold.read': async (world) => ({ as: world.owner.browser, params: { id: await held(world) } }),
  'hold.place': ({ owner }) => ({ as: owner.browser, body: harmless() }),
  'hold.review': async (world) => ({
    as: world.owner.browser,
    params: { id: await held(world) },
    body: { reason: 'Still needed' },
  }),
  'hold.release': async (world) => ({
    as: world.owner.browser,
    params: { id: await held(world) },
    body: { reason: 'No longer needed' },
  }),
  'return.request': async (world) => {
    const { person } = await another(world);
    return { as: person.browser, body: { partSize: 1_048_576 } };
  },
  'return.list': ({ owner }) => ({ as: owner.browser }),
  'return.read': async (world) => ({ as: world.owner.browser, params: await returned(world) }),
  'return.download': async (world) => {
    const { returnId } = await returned(world);
    await eventually('the archive', async () => {
      const { parts } = (await world.owner.browser.must(200, 'GET', `/v1/lifecycle/returns/${returnId}`)) as {
        parts: object[];
      };
      return parts.length > 0 || undefined;
    });
    return { as: world.owner.browser, params: { returnId, part: '1' } };
  },
  'return.delete': async (world) => {
    const { person } = await another(world);
    const { returnId } = (await person.browser.must(201, 'POST', '/v1/lifecycle/returns', { body: {} })) as {
      returnId: string;
    };
    return { as: person.browser, params: { returnId: marked(world, returnId) } };
  },
  'certificate.read': async (world) => ({
    as: new Client(world.system.url),
    params: { certificateId: await certificateOf(world) },
  }),
  'certificate-key.list': ({ system }) => ({ as: new Client(system.url) }),
  'statistics.read': ({ system }) => ({ as: new Client(system.url) }),
  'data-request.make': ({ owner }) => ({ as: owner.browser, body: { kind: 'access' } }),
  'data-request.list': ({ owner }) => ({ as: owner.browser }),
  'data-request.read': async (world) => ({ as: world.owner.browser, params: await asked(world) }),
  'data-request.request-identity': async (world) => ({ as: world.owner.browser, params: await asked(world) }),
  'data-request.confirm-identity': async (world) => ({
    as: world.owner.browser,
    params: await asked(world, 'access', ['identity-request']),
  }),
  'data-request.accept': async (world) => ({ as: world.owner.browser, params: await asked(world), body: {} }),
  'data-request.refuse': async (world) => ({
    as: world.owner.browser,
    params: await asked(world),
    body: { ground: 'excessive', reasons: 'It is the tenth this week' },
  }),
  'data-request.extend': async (world) => ({
    as: world.owner.browser,
    params: await asked(world),
    body: { reasons: 'There is much of it' },
  }),
  'data-request.preview': async (world) => ({ as: world.owner.browser, params: await erasable(world) }),
  'data-request.approve': async (world) => {
    const params = await erasable(world);
    const { hash } = (await world.owner.browser.must(200, 'GET', `${route}/${params.id}/preview`)) as {
      hash: string;
    };
    return { as: world.owner.browser, params, body: { hash } };
  },
  'data-request.archive': async (world) => ({
    as: world.owner.browser,
    params: await asked(world, 'access', ['acceptance']),
    body: {},
  }),
  'data-request.read-archive': async (world) => ({
    as: world.owner.browser,
    params: await asked(world, 'access', ['acceptance', 'archive']),
  }),
  'data-request.download-archive': async (world) => {
    const params = await asked(world, 'access', ['acceptance', 'archive']);
    await eventually('the archive', async () => {
      const archive = await world.owner.browser.must(200, 'GET', `${route}/${params.id}/archive`);
      return (archive as { parts: object[] }).parts.length > 0 || undefined;
    });
    return { as: world.owner.browser, params: { ...params, part: '1' } };
  },
  'data-request.delete-archive': async (world) => ({
    as: world.owner.browser,
    params: await asked(world, 'access', ['acceptance', 'archive']),
  }),
  'data-request.fulfil': async (world) => ({
    as: world.owner.browser,
    params: await asked(world, 'access', ['acceptance']),
    body: { statement: 'Sent by mail' },
  }),
  'data-request.transfer': async (world) => ({
    as: world.owner.browser,
    params: await asked(world),
    body: {},
  }),
  'data-request.announce-lifting': async (world) => ({
    as: world.owner.browser,
    params: await fulfilled(world, 'restriction'),
    body: { reasons: 'The data was found to be correct' },
  }),
  'data-request.note-recipients': async (world) => ({
    as: world.owner.browser,
    params: await fulfilled(world),
    body: { recipients: [] },
  }),
  'data-request.close': async (world) => ({
    as: world.owner.browser,
    params: await fulfilled(world),
    body: { toldOtherwise: true },
  }),
  'data-request.confirm': async ({ system }) => {
    const email = `${randomUUID()}@example.com`;
    const anybody = new Client(system.url);
    await anybody.must(202, 'POST', route, { body: { kind: 'access', email } });
    const token = tokenIn(await emailTo(system.mailFolder, email, 'Confirm your request'));
    return { as: anybody, body: { token } };
  },
  'data-request.read-receipt': async (world) => {
    const { receiptId } = await made(world, 'access');
    return { as: new Client(world.system.url), params: { receiptId } };
  },
  'attachment.store': ({ owner }) => ({ as: owner.browser, query: { name: 'notes.txt' }, ...file }),
  'attachment.list': async (world) => {
    await attached(world);
    return { as: world.backEnd };
  },
  'attachment.download': async (world) => ({ as: world.backEnd, params: await attached(world) }),
  'attachment.delete': async (world) => ({ as: world.owner.browser, params: await attached(world) }),
};

const file = { body: Buffer.from('some notes'), headers: { 'content-type': 'text/plain' } };

async function attached(world: World): Promise<{ attachmentId: string }> {
  const query = { name: marked(world, `${randomUUID()}.txt`) };
  const { attachmentId } = (await world.backEnd.must(201, 'POST', '/v1/attachments', { query, ...file })) as {
    attachmentId: string;
  };
  return { attachmentId: marked(world, attachmentId) };
}

/** From the address that the owner is sent at the end of the organization. */
async function certificateOf(world: World): Promise<string> {
  const { person, organizationName } = await another(world);
  await person.browser.must(201, 'POST', '/v1/lifecycle/termination', { body: { organizationName } });
  const { text } = await emailTo(world.system.mailFolder, person.email, `${organizationName} is inactive`);
  return /\/v1\/lifecycle\/certificates\/([0-9a-f-]{36})/.exec(text)?.[1] ?? '';
}

/** Of a person who is not there: nothing else in the world waits for its release. */
function harmless(): object {
  const subjects = [randomUUID()];
  return { scope: { of: 'subject', subjects }, reason: 'Litigation' };
}

const archives = new WeakMap<World, Promise<{ returnId: string }>>();

/** One for all: an organization has one under way at a time. */
function returned(world: World): Promise<{ returnId: string }> {
  const made =
    archives.get(world) ??
    (
      world.owner.browser.must(201, 'POST', '/v1/lifecycle/returns', { body: {} }) as Promise<{
        returnId: string;
      }>
    ).then(({ returnId }) => ({ returnId: marked(world, returnId) }));
  archives.set(world, made);
  return made;
}

async function held(world: World): Promise<string> {
  const { holdId } = (await world.owner.browser.must(201, 'POST', '/v1/lifecycle/holds', {
    body: harmless(),
  })) as { holdId: string };
  return marked(world, holdId);
}

/** An organization of its own: the world's stays in use. */
async function another(world: World): Promise<{ person: Person; organizationName: string }> {
  const person = await signUp(world.system);
  const { name } = (await person.browser.must(200, 'GET', '/v1/organization')) as { name: string };
  return { person, organizationName: marked(world, name) };
}

const route = '/v1/lifecycle/requests';

async function made(
  { owner }: World,
  kind: string,
  about: { readonly userId?: string } = {},
): Promise<{ dataRequestId: string; receiptId: string }> {
  return (await owner.browser.must(201, 'POST', route, { body: { kind, ...about } })) as {
    dataRequestId: string;
    receiptId: string;
  };
}

/** A request that some steps without a body of their own have brought so far. */
async function asked(world: World, kind = 'access', steps: readonly string[] = []): Promise<{ id: string }> {
  const { dataRequestId: id } = await made(world, kind);
  for (const step of steps)
    await world.owner.browser.must(200, 'POST', `${route}/${id}/${step}`, { body: {} });
  return { id: marked(world, id) };
}

async function fulfilled(world: World, kind = 'access'): Promise<{ id: string }> {
  const params = await asked(world, kind, ['acceptance']);
  await world.owner.browser.must(200, 'POST', `${route}/${params.id}/fulfilment`, {
    body: { statement: 'Sent' },
  });
  return params;
}

async function erasable(world: World): Promise<{ id: string }> {
  const { userId } = await join(world.system, world.owner.browser, 'member');
  const { dataRequestId: id } = await made(world, 'erasure', { userId });
  await world.owner.browser.must(200, 'POST', `${route}/${id}/acceptance`, { body: {} });
  await settled(world, id);
  return { id: marked(world, id) };
}

/** What a new member's log-in leaves behind arrives within a second or two; an approval asks again while there is more. */
function settled({ owner }: World, id: string): Promise<true> {
  let before = '';
  return eventually('The preview', async () => {
    const { items } = (await owner.browser.must(200, 'GET', `${route}/${id}/preview`)) as {
      items: { grows: boolean }[];
    };
    const now = JSON.stringify(items.filter(({ grows }) => !grows));
    const isSettled = now === before;
    before = now;
    if (!isSettled) await new Promise((resolve) => setTimeout(resolve, 1_000));
    return isSettled ? true : undefined;
  });
}
