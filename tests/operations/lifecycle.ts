import { randomUUID } from 'node:crypto';
import type { Requests } from '../openapi.fixtures.ts';
import { marked, type World } from '../openapi.world.ts';
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
};

/** Of a person who is not there: nothing else in the world waits for its release. */
function harmless(): object {
  const subjects = [randomUUID()];
  return { scope: { of: 'subject', subjects }, reason: 'Litigation' };
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
