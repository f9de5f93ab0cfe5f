/** @promise P23 what clients saw and what services stored, compared with the log after kills */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { consumedBy, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { makeApiKey, newPerson, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const rounds: readonly ServiceName[] = [...serviceNames, 'gateway'];
const LEASE_MS = 2000;
const WORKERS = 8;

let system: SystemUnderTest;
let owner: Person;
let backEnd: Client;

/** Answers that the clients have seen: request id, status, and the problem's code where there was one. */
const answers: { requestId: string; status: number; code: string | null }[] = [];
let broken = 0;

beforeAll(async () => {
  system = await startForTests({ VOUCHSAFE_INSTANCE_LEASE_MS: String(LEASE_MS) }, { killsServices: true });
  owner = await signUp(system);
  backEnd = (await makeApiKey(system, owner.browser, ['audit:write', 'audit:read'])).client;
  for (const victim of rounds) await underLoad(() => killAndRestart(victim));
  // The dead instances' open entries are closed once their leases have ended.
  await eventually('The end of open entries', async () => {
    const [row] = await system.rows<{ open: number }>(
      'gateway',
      'select count(*)::int as open from open_entry',
    );
    return row?.open === 0 ? true : undefined;
  });
}, 420_000);
afterAll(() => system.stop(), 60_000);

/** P23: services are killed under load, and nothing that was answered or done is missing from the access log. */
describe('after services were killed under load', () => {
  it('the load was one: requests were answered, and connections broke', () => {
    expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThan(100);
    expect(broken).toBeGreaterThan(0);
  });

  it('each answer that a client has seen has its entry', async () => {
    const logged = await loggedRequests();
    const unrecorded = answers.filter(
      ({ requestId, code }) => !logged.has(requestId) && code !== 'unavailable' && code !== 'outcome-unknown',
    );
    expect(unrecorded).toEqual([]);
    // Held back with 503 are few: a gateway that can write answers with an entry even where a service is gone.
    expect(answers.filter(({ requestId }) => logged.has(requestId)).length).toBeGreaterThan(
      answers.length * 0.9,
    );
  });

  it('each change that identity has stored has its entry, with the operation that made it', async () => {
    const logged = await loggedRequests();
    const stored = await system.rows<{ request_id: string; type: string }>(
      'identity',
      `select distinct metadata ->> 'requestId' as request_id, type from event
       where metadata ->> 'requestId' is not null and metadata -> 'actor' ->> 'type' <> 'service'`,
    );
    const created = stored.filter(({ type }) => type.startsWith('invitation-'));
    expect(created.length).toBeGreaterThan(10);
    expect(stored.filter(({ request_id }) => !logged.has(request_id))).toEqual([]);
    expect(new Set(created.map(({ request_id }) => logged.get(request_id)?.operation))).toEqual(
      new Set(['invitation.create']),
    );
  });

  it('what audit took from back ends is no more than the entries say was asked for', async () => {
    const asked = [...(await loggedRequests()).values()].filter(
      ({ operation }) => operation === 'audit-entry.record',
    );
    const [taken] = await system.rows<{ count: number }>(
      'audit',
      `select count(*)::int as count from entry where organization_id = $1 and ${leaf} ->> 'provenance' = 'asserted'`,
      [owner.organizationId],
    );
    expect(taken?.count).toBeGreaterThan(10);
    expect(taken?.count).toBeLessThanOrEqual(asked.length);
    const succeeded = asked.filter(({ outcome }) => outcome === 'success').length;
    expect(taken?.count).toBeGreaterThanOrEqual(succeeded);
  });

  it("every instance's numbers are without a gap, and no request has two outcomes", async () => {
    const rows = await system.rows<{ instance: string; last: number; count: number }>(
      'gateway',
      `select right(stream, 36) as instance, max(version)::int as last, count(*)::int as count from event
       where stream like 'access-log-%' group by 1`,
    );
    expect(rows.length).toBe(1 + rounds.filter((victim) => victim === 'gateway').length);
    for (const { last, count } of rows) expect(count).toBe(last);
    const twice = await system.rows(
      'gateway',
      `select payload ->> 'requestId' as request from event where stream like 'access-log-%'
       group by 1, payload ->> 'part' having count(*) > 1`,
    );
    expect(twice).toEqual([]);
  });

  it('every entry of the gateway, and every fact of the others, is in the logs of audit, once', async () => {
    const told = await Promise.all(
      consumedBy('audit').map(async (source) => {
        const [row] = await system.rows<{ count: number }>(
          source,
          source === 'gateway'
            ? `select count(*)::int as count from event where stream like 'access-log-%'`
            : 'select count(*)::int as count from outgoing',
        );
        return { source, count: row?.count ?? 0 };
      }),
    );
    // Of one of which nobody asks anything here there is nothing to tell.
    const expected = told.filter(({ count }) => count > 0).toSorted((a, b) => (a.source < b.source ? -1 : 1));
    expect(expected.map(({ source }) => source)).toEqual(expect.arrayContaining(['gateway', 'identity']));
    const arrived = () =>
      system.rows<{ source: string; count: number }>(
        'audit',
        `select ${leaf} ->> 'source' as source, count(*)::int as count from entry
         where ${leaf} ->> 'provenance' = 'observed' and ${leaf} ->> 'source' = any ($1) group by 1 order by 1`,
        [consumedBy('audit')],
      );
    await eventually(
      'The last entry',
      async () =>
        (await arrived()).every(({ count }, nth) => count >= (expected[nth]?.count ?? 0)) ? true : undefined,
      60_000,
    );
    expect(await arrived()).toEqual(expected);
  }, 90_000);
});

const leaf = `convert_from(leaf, 'UTF8')::jsonb`;

async function loggedRequests(): Promise<ReadonlyMap<string, { operation: string; outcome: string }>> {
  const rows = await system.rows<{ request_id: string; operation: string; outcome: string }>(
    'gateway',
    `select payload ->> 'requestId' as request_id, payload ->> 'operation' as operation, payload ->> 'outcome' as outcome
     from event where stream like 'access-log-%'`,
  );
  return new Map(rows.map(({ request_id, ...rest }) => [request_id, rest]));
}

async function killAndRestart(victim: (typeof rounds)[number]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const process = system.service(victim);
  process.kill('SIGKILL');
  await process.exited;
  await system.restart(victim);
  await new Promise((resolve) => setTimeout(resolve, 1500));
}

/** Reads and changes go on, through whatever happens, for as long as the work takes. */
async function underLoad(work: () => Promise<void>): Promise<void> {
  let over = false;
  const worker = async (nth: number) => {
    const browser = new Client(system.url);
    browser.cookie = owner.browser.cookie;
    const key = new Client(system.url, backEnd.apiKey);
    for (let turn = nth; !over; turn += 1) await ask(turn, browser, key);
  };
  const workers = Array.from({ length: WORKERS }, (_, nth) => worker(nth));
  try {
    await work();
  } finally {
    over = true;
    await Promise.all(workers);
  }
}

async function ask(turn: number, browser: Client, key: Client): Promise<void> {
  const requests = [
    () => browser.send('GET', '/v1/members'),
    () => browser.send('POST', '/v1/invitations', { body: { email: newPerson().email, role: 'member' } }),
    () => key.send('POST', '/v1/audit/entries', { body: { entries: [newEntry()] } }),
    () => browser.send('GET', '/v1/legal-documents'),
  ] as const;
  try {
    const answer = await requests[turn % requests.length]?.();
    if (!answer) return;
    const { code } = answer.status < 400 ? { code: null } : (answer.json() as { code: string });
    answers.push({ requestId: String(answer.headers['x-request-id']), status: answer.status, code });
  } catch {
    // Broken off: nobody has seen an answer.
    broken += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function newEntry(): object {
  return {
    id: randomUUID(),
    occurredAt: new Date().toISOString(),
    actor: { type: 'customer-user', id: 'u-1' },
    operation: 'invoice.read',
    outcome: 'success',
  };
}
