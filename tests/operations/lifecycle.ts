import { randomUUID } from 'node:crypto';
import type { Requests } from '../openapi.fixtures.ts';
import { marked, type World } from '../openapi.world.ts';
import { Client } from '../system/client.ts';
import { eventually } from '../system/eventually.ts';
import { emailTo } from '../system/emails.ts';
import { type Person, signUp } from '../system/people.ts';

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
