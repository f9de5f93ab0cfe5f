import { randomUUID } from 'node:crypto';
import { Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { join, keyScopes, makeApiKey, newPerson, type Person, signUp } from './system/people.ts';
import type { SystemUnderTest } from './system/running-system.ts';

/** An organization and what lives in it. */
export interface World {
  readonly system: SystemUnderTest;
  readonly owner: Person;
  /** A back end of the organization, whose key holds all that a key can. */
  readonly backEnd: Client;
  /** Words by which anything of this organization would be known in an answer to somebody else. */
  readonly marks: Set<string>;
}

export async function makeWorld(system: SystemUnderTest): Promise<World> {
  const owner = await signUp(system);
  const { client } = await makeApiKey(system, owner.browser, keyScopes);
  return {
    system,
    owner,
    backEnd: client,
    marks: new Set([owner.organizationId, owner.userId, owner.email, owner.name]),
  };
}

export const exportRequest = {
  from: '2026-01-01T00:00:00Z',
  to: '2099-01-01T00:00:00Z',
  filter: { outcome: 'success' },
  disclose: ['sourceIp'],
  reason: 'A test',
};

/** Notes an id or a name of the world's organization; nobody outside may ever be shown it. */
export function marked(world: World, mark: string): string {
  world.marks.add(mark);
  return mark;
}

export async function colleague(world: World): Promise<Person> {
  const person = await join(world.system, world.owner.browser, 'member');
  for (const mark of [person.userId, person.email, person.name]) world.marks.add(mark);
  return person;
}

export async function invite(world: World): Promise<{ invitationId: string; email: string }> {
  const email = marked(world, newPerson().email);
  const { invitationId } = (await world.owner.browser.must(201, 'POST', '/v1/invitations', {
    body: { email, role: 'member' },
  })) as { invitationId: string };
  return { invitationId: marked(world, invitationId), email };
}

export function newEntry(world: World): object {
  return {
    id: randomUUID(),
    occurredAt: new Date().toISOString(),
    actor: { type: 'customer-user', id: marked(world, `actor ${randomUUID()}`) },
    operation: 'invoice.read',
    entity: { type: 'invoice', id: marked(world, `invoice ${randomUUID()}`) },
    outcome: 'success',
    sourceIp: '203.0.113.7',
    url: '/invoices/1',
    userAgent: 'curl/8',
    requestId: randomUUID(),
    details: { note: marked(world, `note ${randomUUID()}`), rows: 3 },
  };
}

export async function recorded(world: World): Promise<{ logId: string; index: number }> {
  const { entries } = (await world.backEnd.must(201, 'POST', '/v1/audit/entries', {
    body: { entries: [newEntry(world)] },
  })) as { entries: { logId: string; index: number }[] };
  const [place] = entries;
  if (!place) throw new Error('Nothing was recorded');
  return { ...place, logId: marked(world, place.logId) };
}

/** The organization's log and the size of its newest checkpoint, which follows what is recorded within a second. */
export async function withCheckpoint(world: World): Promise<{ logId: string; size: number }> {
  const { logId } = await recorded(world);
  const size = await eventually('A checkpoint', async () => {
    const answer = await world.backEnd.send('GET', `/v1/audit/logs/${logId}/checkpoint`);
    return answer.status === 200 ? Number(answer.text.split('\n')[1]) : undefined;
  });
  return { logId, size };
}

export async function requestExport(world: World): Promise<string> {
  await recorded(world);
  const { exportId } = (await world.owner.browser.must(202, 'POST', '/v1/audit/exports', {
    body: exportRequest,
  })) as { exportId: string };
  return marked(world, exportId);
}

/** An erasure goes on by itself: until identity has carried its part out, what others see of the person may still change. */
export function untilErasing({ owner }: World, userId: string): Promise<boolean> {
  return eventually('The erasure', async () => {
    const erasure = await owner.browser.must(200, 'GET', `/v1/members/${userId}/erasure`);
    return (erasure as { status: string }).status === 'requested' ? undefined : true;
  });
}

/** As `untilErasing`, of an erasure that a request of a data subject asked for. */
export async function untilErasingBy(world: World, requestId: string): Promise<boolean> {
  const { browser } = world.owner;
  const request = await browser.must(200, 'GET', `/v1/lifecycle/requests/${requestId}`);
  const { userId } = request as { userId: string };
  await eventually('The beginning of the erasure', async () => {
    const { status } = await browser.send('GET', `/v1/members/${userId}/erasure`);
    return status === 200 ? true : undefined;
  });
  return untilErasing(world, userId);
}

/** For a request that is its own authority. */
export function anybody({ system }: World, body?: object): { readonly as: Client; readonly body?: object } {
  return { as: new Client(system.url), ...(body && { body }) };
}

export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}
