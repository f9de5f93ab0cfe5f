import { Client, freshKey } from '../system/client.ts';
import { currentDocuments, join, logIn, makeApiKey, newPerson, signUp } from '../system/people.ts';
import { endOf, type Organization } from './story.ts';
import type { World } from './world.ts';

/** Carries it out as whoever may, and writes it down in the story. @returns whether it came to pass */
type Action = (world: World, organization: Organization) => Promise<boolean>;

/** Add here what else happens to organizations: a return that is asked for, a request of a data subject. */
export const actions = {
  join: async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    organization.member = (await join(system, browser, 'member')).userId;
    return true;
  },
  record: async ({ time }, { key, owner }) => {
    const entry = {
      ...{ id: `order-${time.now().getTime()}`, occurredAt: time.now().toISOString() },
      ...{ operation: 'order.create', outcome: 'success', actor: { type: 'user', id: owner.userId } },
      entity: { type: 'order', id: '1' },
    };
    if (!key) return false;
    return answered(await key.send('POST', '/v1/audit/entries', { body: { entries: [entry] } }), 201);
  },
  attach: async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    const headers = { ...freshKey(), 'content-type': 'text/plain' };
    const body = `of ${organization.name}`;
    return answered(await browser.send('POST', '/v1/attachments?name=a.txt', { body, headers }), 201);
  },
  /** While a hold is in force, this is refused. */
  'delete-attachment': async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    const { items } = (await browser.must(200, 'GET', '/v1/attachments')) as {
      items: { attachmentId: string }[];
    };
    const [first] = items;
    if (!first) return false;
    return answered(await browser.send('DELETE', `/v1/attachments/${first.attachmentId}`), 204);
  },
  'erase-member': async ({ system, time }, organization) => {
    const { member: userId } = organization;
    if (userId === null) return false;
    const browser = await ownerOf(system, organization);
    const askedAt = time.now();
    if (!answered(await browser.send('POST', `/v1/members/${userId}/erasure`), 202)) return false;
    organization.erasures.push({ userId, askedAt });
    organization.member = null;
    return true;
  },
  close: async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    const answer = await browser.send('POST', '/v1/lifecycle/termination', {
      body: { organizationName: organization.name },
    });
    if (answer.status !== 201) return false;
    const { endedAt } = answer.json() as { endedAt: string };
    organization.terminations.push({ endedAt: new Date(endedAt), cameBackAt: null });
    return true;
  },
  'come-back': async ({ system, time }, organization) => {
    const browser = await ownerOf(system, organization);
    const answer = await browser.send('DELETE', '/v1/lifecycle/termination');
    const end = endOf(organization);
    if (answer.status !== 200 || !end) return false;
    end.cameBackAt = time.now();
    return true;
  },
  hold: (world, organization) => hold(world, organization, null),
  'hold-member': (world, organization) =>
    organization.member === null ? Promise.resolve(false) : hold(world, organization, organization.member),
  release: async ({ asOperator, time }, { holds }) => {
    const open = holds.find(({ releasedAt }) => releasedAt === null);
    if (!open) return false;
    open.releasedAt = time.now();
    await asOperator('DELETE', `/v1/lifecycle/holds/${open.holdId}`, { reason: 'Settled' });
    return true;
  },
} as const satisfies Readonly<Record<string, Action>>;

export type Kind = keyof typeof actions;

async function hold(
  { asOperator, time }: World,
  { organizationId, holds }: Organization,
  subject: string | null,
): Promise<boolean> {
  const scope = subject === null ? { of: 'organization' } : { of: 'subject', subjects: [subject] };
  const placedAt = time.now();
  const placed = (await asOperator('POST', '/v1/lifecycle/holds', {
    ...{ organizationId, scope, reason: 'Litigation' },
  })) as { holdId: string } | null;
  if (!placed) return false;
  holds.push({ holdId: placed.holdId, subject, placedAt, inForceAt: null, releasedAt: null });
  return true;
}

/** An organization signs up; of some nobody ever confirms the address. */
export async function begin(
  { system, time, story }: World,
  name: string,
  isVerified: boolean,
): Promise<Organization> {
  const signedUpAt = time.now();
  const about = { name, signedUpAt, isVerified, member: null };
  const nothing = { terminations: [], holds: [], erasures: [] };
  const owner = newPerson();
  if (!isVerified) {
    const body = { organization: { name }, user: owner, accept: await currentDocuments(system) };
    const ids = (await new Client(system.url).must(201, 'POST', '/v1/sign-up', {
      body,
      headers: freshKey(),
    })) as { organizationId: string; userId: string };
    const organization = { ...about, ...nothing, ...ids, owner: { ...owner, userId: ids.userId }, key: null };
    story.organizations.push(organization);
    return organization;
  }
  const { organizationId, userId, browser } = await signUp(system, name, owner);
  const { client: key } = await makeApiKey(system, browser, ['audit:write']);
  const organization = { ...about, ...nothing, organizationId, owner: { ...owner, userId }, key };
  story.organizations.push(organization);
  return organization;
}

function ownerOf(system: World['system'], { owner }: Organization): Promise<Client> {
  return logIn(system, owner);
}

function answered({ status }: { readonly status: number }, wanted: number): boolean {
  return status === wanted;
}
