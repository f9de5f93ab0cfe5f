import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { type Ran, runTool } from './system/command.ts';
import { eventually } from './system/eventually.ts';
import { join, newPerson, type Person, signUp } from './system/people.ts';
import { freshKey } from './system/client.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

interface Entry {
  readonly operation: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly details: Readonly<Record<string, unknown>>;
}

let system: SystemUnderTest;
let stuck: Person;
let other: Person;
const invited = Array.from({ length: 4 }, newPerson);

beforeAll(async () => {
  system = await startForTests();
  [stuck, other] = [await signUp(system), await signUp(system)];
  await eventually('The last fact of the sign-ups', async () =>
    (await entriesOf(stuck)).length > 0 && (await entriesOf(other)).length > 0 ? true : undefined,
  );
}, 240_000);
afterAll(() => system.stop(), 60_000);

describe('a fact that audit cannot handle', () => {
  it('becomes a dead letter with all that comes after it of its organization, while others go on', async () => {
    await poison();
    for (const { email } of invited) {
      const body = { email, role: 'member' };
      await stuck.browser.must(201, 'POST', '/v1/invitations', { body });
    }
    await other.browser.must(201, 'POST', '/v1/invitations', {
      body: { email: newPerson().email, role: 'member' },
    });
    await eventually('The dead letters', async () => ((await gauge()) >= 4 ? true : undefined), 60_000);
    await eventually('The other organization', async () =>
      (await invitations(other)).length === 1 ? true : undefined,
    );
    expect(await invitations(stuck)).toEqual([]);
  }, 120_000);

  it('is listed without the values in it', async () => {
    const { code, output } = await deadLetters('list');
    expect(code).toBe(0);
    expect(output).toContain(`${stuck.organizationId}  vouchsafe.identity.invitation-created.v1`);
    expect(output).toContain('Postgres refused with P0001');
    expect(output).toContain('waits behind');
    expect(output).not.toContain(other.organizationId);
    for (const { email } of invited) expect(output).not.toContain(email);
  }, 60_000);

  it('is not settled without a reason or a name, and not before those that came before it', async () => {
    const silent = await deadLetters('replay', '--organization', stuck.organizationId);
    expect([silent.code, silent.output]).toEqual([64, expect.stringContaining('--reason is required')]);
    const nobody = await deadLetters(
      'replay',
      '--organization',
      stuck.organizationId,
      '--reason',
      'x',
      '--by',
      ' ',
    );
    expect([nobody.code, nobody.output]).toEqual([64, expect.stringContaining('--by is required')]);
    const { output } = await deadLetters('list');
    const waiting = output.split('\n').find((line) => line.includes('waits behind'));
    const second = waiting?.split('  ')[0];
    const early = await deadLetters('replay', '--message', second ?? '', '--reason', 'impatience');
    expect([early.code, early.output]).toEqual([1, expect.stringContaining('older dead letters')]);
  }, 120_000);

  it('fails again while the fault is not mended, and the command says so', async () => {
    const { code, output } = await deadLetters(
      ...['replay', '--organization', stuck.organizationId, '--reason', 'a try'],
    );
    expect([code, output]).toEqual([1, expect.stringContaining('0 replayed')]);
    expect(await invitations(stuck)).toEqual([]);
  }, 60_000);

  it('is replayed with those behind it, in their order; the log says who did it and why', async () => {
    await cure();
    const { code, output } = await deadLetters(
      ...['replay', '--organization', stuck.organizationId],
      ...['--reason', 'the trigger is gone', '--by', 'grace'],
    );
    expect([code, output]).toEqual([0, expect.stringMatching(/^[1-9]\d* replayed, 0 left\.$/m)]);
    await eventually('No dead letters', async () => ((await gauge()) === 0 ? true : undefined));
    const emails = (await invitations(stuck)).map(({ details }) => details.email);
    expect(emails).toEqual(invited.map(({ email }) => email));
    const replays = (await entriesOf(stuck)).filter(({ operation }) => operation === 'parked-message.replay');
    expect(replays.length).toBeGreaterThanOrEqual(4);
    for (const { actor, details } of replays) {
      // The name that the person gave is not an identified actor.
      expect(actor).toEqual({ type: 'staff', id: 'operator' });
      expect(details).toMatchObject({
        ...{ statedName: 'grace', reason: 'the trigger is gone' },
        attempts: expect.any(Number),
      });
    }
    expect(
      (await entriesOf(other)).filter(({ operation }) => operation.startsWith('parked-message')),
    ).toEqual([]);
  }, 120_000);

  it('is discarded only on the record, and what was behind it can be replayed', async () => {
    await poison();
    const [first, second] = [newPerson(), newPerson()];
    for (const { email } of [first, second])
      await stuck.browser.must(201, 'POST', '/v1/invitations', { body: { email, role: 'member' } });
    await eventually('The dead letters', async () => ((await gauge()) >= 2 ? true : undefined), 60_000);
    await cure();
    const { output } = await deadLetters('list');
    const id = output
      .split('\n')
      .find((line) => line.includes('invitation-created'))
      ?.split('  ')[0];
    const reason = ['--reason', 'known to be wrong'];
    expect((await deadLetters('discard', '--message', id ?? '', ...reason)).code).toBe(0);
    expect((await deadLetters('replay', '--organization', stuck.organizationId, ...reason)).code).toBe(0);
    const emails = (await invitations(stuck)).map(({ details }) => details.email);
    expect(emails.slice(invited.length)).toEqual([second.email]);
    const discards = (await entriesOf(stuck)).filter(
      ({ operation }) => operation === 'parked-message.discard',
    );
    expect(discards).toMatchObject([{ details: { reason: 'known to be wrong' } }]);
  }, 120_000);
});

describe('a fact that another service cannot handle', () => {
  it.each(serviceNames)(
    'can be asked of %s: it makes its reactions beside the running service',
    async (name) => {
      const { code, output } = await deadLetters('list', '--service', name);
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining('There are no dead letters.'),
      });
    },
    60_000,
  );

  it('is replayed by the same command, and stands in the log as well', async () => {
    const colleague = await join(system, other.browser, 'member');
    await system.rows(
      'gateway',
      `create function refuse_erasure() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$`,
    );
    await system.rows(
      'gateway',
      'create trigger poison before insert on erasure for each row execute function refuse_erasure()',
    );
    await other.browser.must(202, 'POST', `/v1/members/${colleague.userId}/erasure`, { headers: freshKey() });
    await eventually(
      'The dead letter',
      async () => ((await gauge('gateway')) > 0 ? true : undefined),
      60_000,
    );
    await system.rows('gateway', 'drop function refuse_erasure cascade');
    const { code, output } = await deadLetters(
      ...['replay', '--service', 'gateway', '--organization', other.organizationId],
      ...['--reason', 'erasures are taken on again', '--by', 'grace'],
    );
    expect([code, output]).toEqual([0, expect.stringContaining(', 0 left.')]);
    const [taken] = await system.rows<{ count: number }>(
      'gateway',
      'select count(*)::int as count from erasure',
    );
    expect(taken?.count).toBe(1);
    const entry = await eventually('The entry', async () =>
      (await entriesOf(other)).find(({ operation }) => operation === 'parked-message.replay'),
    );
    expect(entry).toMatchObject({
      actor: { type: 'staff', id: 'operator' },
      details: {
        statedName: 'grace',
        messageType: 'vouchsafe.identity.subject-erasure-requested.v1',
        reason: 'erasures are taken on again',
      },
    });
  }, 120_000);
});

/** A mistake in the consumer's own house, as a release might bring it: entries of one kind, of one organization, are refused. */
async function poison(): Promise<void> {
  await system.rows(
    'audit',
    `create function refuse_entry() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$`,
  );
  await system.rows(
    'audit',
    `create trigger poison before insert on entry for each row
     when (new.organization_id = '${stuck.organizationId}' and new.operation = 'identity.invitation-created')
     execute function refuse_entry()`,
  );
}

async function cure(): Promise<void> {
  await system.rows('audit', 'drop function refuse_entry cascade');
}

async function gauge(name: 'audit' | 'gateway' = 'audit'): Promise<number> {
  const answer = await fetch(`${system.service(name).healthUrl}/metrics`);
  return Number(/^consumer_dead_letters (\d+)$/m.exec(await answer.text())?.[1]);
}

async function entriesOf({ browser }: Person): Promise<Entry[]> {
  const { entries } = (await browser.must(200, 'GET', '/v1/audit/entries', {
    query: { limit: '1000', order: 'oldest' },
  })) as { entries: Entry[] };
  return entries;
}

async function invitations(person: Person): Promise<Entry[]> {
  return (await entriesOf(person)).filter(({ operation }) => operation === 'identity.invitation-created');
}

function deadLetters(...args: string[]): Promise<Ran> {
  return runTool('dead-letters/dead-letters.ts', [...args, '--data', system.folder]);
}
