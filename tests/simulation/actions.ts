import { Client, freshKey } from '../system/client.ts';
import { currentDocuments, join, makeApiKey, newPerson, signUp } from '../system/people.ts';
import { saveCard } from '../system/stripe.ts';
import { type Action, answered, ownerOf } from './action.ts';
import { requestActions } from './request-actions.ts';
import { returnActions } from './return-actions.ts';
import { endOf, type Organization } from './story.ts';
import type { World } from './world.ts';

/** Add here what else happens to organizations. */
export const actions = {
  join: async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    const { userId, email, password } = await join(system, browser, 'member');
    organization.member = { userId, email, password };
    return true;
  },
  record: async ({ system, time }, organization) => {
    const { owner } = organization;
    if (organization.key === null) {
      const browser = await ownerOf(system, organization);
      organization.key = (await makeApiKey(system, browser, ['audit:write'])).client;
    }
    const { key } = organization;
    const entry = {
      ...{ id: `order-${time.now().getTime()}`, occurredAt: time.now().toISOString() },
      ...{ operation: 'order.create', outcome: 'success', actor: { type: 'user', id: owner.userId } },
      entity: { type: 'order', id: '1' },
    };
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
    const { member } = organization;
    if (member === null) return false;
    const { userId } = member;
    const browser = await ownerOf(system, organization);
    const askedAt = time.now();
    if (!answered(await browser.send('POST', `/v1/members/${userId}/erasure`), 202)) return false;
    organization.erasures.push({ userId, askedAt });
    organization.member = null;
    return true;
  },
  subscribe: async ({ system }, organization) => {
    const browser = await ownerOf(system, organization);
    const body = { priceId: 'price_team', quantity: 1, paymentMethodId: await saveCard(system, browser) };
    const answer = await browser.send('POST', '/v1/billing/subscriptions', { body, headers: freshKey() });
    if (answer.status !== 201) return false;
    organization.subscriptionId = (answer.json() as { subscriptionId: string }).subscriptionId;
    return true;
  },
  /** The last subscription ends: T0 is when Stripe says so. */
  cancel: async ({ system, time }, organization) => {
    const { subscriptionId } = organization;
    if (subscriptionId === null) return false;
    const browser = await ownerOf(system, organization);
    const endedAt = time.now();
    const path = `/v1/billing/subscriptions/${subscriptionId}/cancellation`;
    if (!answered(await browser.send('POST', path, { body: { at: 'now' } }), 200)) return false;
    organization.terminations.push({ endedAt, cameBackAt: null });
    organization.subscriptionId = null;
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
    organization.member === null
      ? Promise.resolve(false)
      : hold(world, organization, organization.member.userId),
  release: async ({ asOperator, time }, { holds }) => {
    const open = holds.find(({ releasedAt }) => releasedAt === null);
    if (!open) return false;
    open.releasedAt = time.now();
    await asOperator('DELETE', `/v1/lifecycle/holds/${open.holdId}`, { reason: 'Settled' });
    return true;
  },
  ...returnActions,
  ...requestActions,
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
  const person = newPerson();
  const { organizationId, userId } = isVerified
    ? await signUp(system, name, person)
    : await signUpAlone(system, name, person);
  const organization: Organization = {
    ...{ organizationId, name, owner: { ...person, userId }, signedUpAt, isVerified },
    ...{ key: null, member: null, subscriptionId: null, terminations: [], holds: [], erasures: [] },
    ...{ returns: [], requests: [] },
  };
  story.organizations.push(organization);
  return organization;
}

async function signUpAlone(
  system: World['system'],
  name: string,
  user: ReturnType<typeof newPerson>,
): Promise<{ organizationId: string; userId: string }> {
  const body = { organization: { name }, user, accept: await currentDocuments(system) };
  const headers = freshKey();
  return (await new Client(system.url).must(201, 'POST', '/v1/sign-up', { body, headers })) as {
    organizationId: string;
    userId: string;
  };
}
