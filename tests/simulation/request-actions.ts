import { randomUUID } from 'node:crypto';
import { Client, freshKey } from '../system/client.ts';
import { emailTo, tokenIn } from '../system/emails.ts';
import { logIn } from '../system/people.ts';
import { type Action, answered, ownerOf } from './action.ts';
import type { DataRequest, Organization } from './story.ts';
import type { World } from './world.ts';

const path = '/v1/lifecycle/requests';
const nothingYet = {
  ...{ extendedAt: null, waitedMs: 0, waitingSince: null, approvedAt: null, closedAt: null },
} as const;

/** People exercise their rights, and organizations answer (P10): each step is about the latest request. */
export const requestActions = {
  'ask-for-erasure': async ({ system, time, stores }, organization) => {
    const { member } = organization;
    if (member === null) return false;
    const browser = await logIn(system, member);
    const receivedAt = time.now();
    const answer = await browser.send('POST', path, { body: { kind: 'erasure' }, headers: freshKey() });
    if (!answered(answer, 201)) return false;
    const { dataRequestId } = answer.json() as { dataRequestId: string };
    await note(stores, organization, dataRequestId, { receivedAt, userId: member.userId });
    return true;
  },
  /** Without a session: nothing says that the address is a member's. */
  'ask-for-erasure-from-outside': async (world, organization) => {
    const { member } = organization;
    return member !== null && (await confirm(world, await askFromOutside(world, organization, member.email)));
  },
  'ask-from-outside': async (world, organization) =>
    confirm(world, await askFromOutside(world, organization, strangerAddress())),
  /** Nobody opens the link. */
  'ask-and-forget': async (world, organization) => {
    await askFromOutside(world, organization, strangerAddress());
    return true;
  },
  'open-old-link': async (world, { requests }) => {
    const old = requests.find(({ confirmedAt }) => confirmedAt === null);
    return old !== undefined && confirm(world, old);
  },
  /** It lay in the owner's mail since the last day of a month: the next month may be shorter. */
  'enter-letter': async ({ system, time, stores }, organization) => {
    const browser = await ownerOf(system, organization);
    const receivedAt = lastEndOfLongMonth(time.now());
    const body = {
      ...{ kind: 'access', userId: null, email: strangerAddress() },
      receivedAt: receivedAt.toISOString(),
    };
    const answer = await browser.send('POST', path, { body, headers: freshKey() });
    if (!answered(answer, 201)) return false;
    const { dataRequestId } = answer.json() as { dataRequestId: string };
    await note(stores, organization, dataRequestId, { receivedAt });
    return true;
  },
  'extend-request': async (world, organization) => {
    const request = organization.requests.at(-1);
    if (!request || !(await step(world, organization, 'extension', { reasons: 'There is much of it' })))
      return false;
    request.extendedAt = world.time.now();
    return true;
  },
  'ask-who-it-is': async (world, organization) => {
    const request = organization.requests.at(-1);
    const waitingSince = world.time.now();
    if (!request || !(await step(world, organization, 'identity-request', {}))) return false;
    request.waitingSince = waitingSince;
    return true;
  },
  'show-who-it-is': async (world, organization) => {
    const request = organization.requests.at(-1);
    if (!request?.waitingSince) return false;
    const waitedMs = world.time.now().getTime() - request.waitingSince.getTime();
    if (!(await step(world, organization, 'identity-confirmation', {}))) return false;
    Object.assign(request, { waitedMs, waitingSince: null });
    return true;
  },
  'refuse-request': (world, organization) =>
    step(world, organization, 'refusal', { ground: 'legal-claims', reasons: 'A court asks for it' }),
  'approve-erasure': async ({ system, time }, organization) => {
    const { member, requests } = organization;
    const request = requests.at(-1);
    if (member === null || !request) return false;
    const browser = await ownerOf(system, organization);
    const at = `${path}/${request.dataRequestId}`;
    const about = request.userId === null ? { userId: member.userId } : {};
    if (!answered(await browser.send('POST', `${at}/acceptance`, { body: about }), 200)) return false;
    const preview = await browser.send('GET', `${at}/preview`);
    if (!answered(preview, 200)) return false;
    const { hash } = preview.json() as { hash: string };
    const approvedAt = time.now();
    if (!answered(await browser.send('POST', `${at}/approval`, { body: { hash } }), 200)) return false;
    Object.assign(request, { approvedAt, userId: member.userId });
    organization.member = null;
    return true;
  },
  'close-request': async (world, organization) => {
    const request = organization.requests.at(-1);
    if (!request) return false;
    if (request.approvedAt !== null) await step(world, organization, 'recipients', { recipients: [] });
    const closedAt = world.time.now();
    // Nobody waits for the email: a letter was written.
    if (!(await step(world, organization, 'closure', { toldOtherwise: true }))) return false;
    request.closedAt = closedAt;
    return true;
  },
} as const satisfies Readonly<Record<string, Action>>;

/** Sends it, and keeps the link. */
async function askFromOutside(
  { system, time, stores }: World,
  organization: Organization,
  email: string,
): Promise<DataRequest> {
  const { organizationId, member } = organization;
  const receivedAt = time.now();
  const kind = member?.email === email ? 'erasure' : 'access';
  await new Client(system.url).must(202, 'POST', path, {
    body: { kind, email, organizationId },
    headers: freshKey(),
  });
  const token = tokenIn(await emailTo(system.mailFolder, email, 'Confirm your request'));
  const [entered] = await stores.query<{ id: string }>(
    'lifecycle',
    `select payload ->> 'dataRequestId' as id from event
     where organization_id = $1 and type = 'data-request-entered' order by position desc limit 1`,
    [organizationId],
  );
  return note(stores, organization, entered?.id ?? '', { receivedAt, token });
}

async function confirm({ system, time }: World, request: DataRequest): Promise<boolean> {
  const confirmedAt = time.now();
  const body = { token: request.token };
  const answer = await new Client(system.url).send('POST', `${path}/confirmation`, { body });
  if (!answered(answer, 204)) return false;
  request.confirmedAt = confirmedAt;
  return true;
}

async function note(
  stores: World['stores'],
  { requests }: Organization,
  dataRequestId: string,
  { receivedAt, userId = null, token = null }: Pick<DataRequest, 'receivedAt'> & Partial<DataRequest>,
): Promise<DataRequest> {
  const [begun] = await stores.query<{ contact: string }>(
    'lifecycle',
    `select payload ->> 'contactId' as contact from event
     where payload ->> 'dataRequestId' = $1 and type in ('data-request-entered', 'data-request-received')`,
    [dataRequestId],
  );
  if (!begun) throw new Error(`Request ${dataRequestId} has no beginning`);
  const confirmedAt = token === null ? receivedAt : null;
  const request = {
    ...{ dataRequestId, contactId: begun.contact, receivedAt, token, userId, confirmedAt },
    ...nothingYet,
  };
  requests.push(request);
  return request;
}

async function step(
  { system }: World,
  organization: Organization,
  name: string,
  body: object,
): Promise<boolean> {
  const request = organization.requests.at(-1);
  if (!request) return false;
  const browser = await ownerOf(system, organization);
  return answered(await browser.send('POST', `${path}/${request.dataRequestId}/${name}`, { body }), 200);
}

/** Of a month with 31 days that a shorter one follows. */
function lastEndOfLongMonth(now: Date): Date {
  const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0, 12));
  for (;;) {
    const next = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 2, 0));
    if (end.getUTCDate() === 31 && next.getUTCDate() < 31) return end;
    end.setUTCDate(0);
  }
}

function strangerAddress(): string {
  return `stranger-${randomUUID()}@example.com`;
}
