/** @promise P03 an account that nobody uses is warned of, twice, and anonymized after 12 months; use, a hold, and being the last owner prevent it */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { lifecycleFacts } from '@vouchsafe/contracts';
import { Clock } from '@vouchsafe/service-host';
import { DataRequestsController } from '../reactions/data-requests.controller.js';
import { TerminationsController } from '../reactions/terminations.controller.js';
import { Housekeeping } from '../housekeeping/housekeeping.js';
import {
  goodPassword,
  identityApp,
  type IdentityApp,
  operator,
  type Person,
} from '../testing/identity-app.js';
import { RetireUnusedAccounts } from './retire-unused-accounts.js';

describe('an account that nobody uses (P03)', () => {
  let app: IdentityApp;
  let owner: Person;
  let year = 2030;
  beforeAll(async () => {
    app = await identityApp({ VOUCHSAFE_KEY_CACHE_MS: '0' });
    owner = await app.signUp();
  });
  afterAll(() => app.stop());

  const moveTo = (day: string) => {
    app.clock.ahead = Date.parse(`${day}T12:00:00Z`) - Date.now();
  };
  /** In the year in which the case begins, or a later one. */
  const day = (monthAndDay: string, later = 0) => `${year + later}-${monthAndDay}`;
  /** A new member on 31 May: ten months later it is 31 March, eleven months later 30 April. */
  beforeEach(() => {
    year += 5;
    moveTo(day('05-31'));
  });

  const retire = () => app.get(RetireUnusedAccounts).retire();
  const logIn = async ({ email }: Person) => {
    const answer = await app.ask('POST', '/v1/sessions', { body: { email, password: goodPassword } });
    expect(answer.status).toBe(201);
    return answer.session;
  };
  const join = async (role = 'member') => {
    owner.session = (await logIn(owner)) ?? '';
    return app.join(owner, role);
  };
  const erasureOf = async ({ userId }: Person) => {
    const session = await logIn(owner);
    return (await app.ask('GET', `/v1/members/${userId}/erasure`, { session })).body;
  };
  const until = async (is: () => Promise<boolean>) => {
    for (let waited = 0; waited < 15_000; waited += 25) {
      if (await is()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('It did not come to pass');
  };
  const sent = ({ email }: Person) =>
    app.mail.emails.filter(({ to }) => to === email).map((one) => one.subject);
  const waiting = async () =>
    (await app.database.asWorker((sql) => sql.query('select from email where sent_at is null'))).length;
  /** A pass on a day, after which every email that it asked for was sent or found to be of no use. @returns how many erasures were begun */
  const passOn = async (date: string) => {
    moveTo(date);
    const begun = await retire();
    await until(async () => (await waiting()) === 0);
    return begun;
  };
  const warned = async (person: Person) => {
    await passOn(day('03-31', 1));
    await passOn(day('04-30', 1));
    expect(sent(person).filter((subject) => subject.includes('anonymized'))).toHaveLength(2);
  };

  it('is warned after 10 and 11 months, each time once, and anonymized after 12', async () => {
    const grace = await join();
    const first = `Your account will be anonymized on 31 May ${year + 1} (UTC)`;
    await passOn(day('03-30', 1));
    expect(sent(grace)).not.toContain(first);
    // Instances beside each other, and a pass that is made again.
    moveTo(day('03-31', 1));
    await Promise.all([retire(), retire()]);
    const email = await app.mail.take(grace.email, first);
    expect(email.text).toContain(`was last used on 31 May ${year} (UTC)`);
    expect(email.text).toContain(`log in before 31 May ${year + 1} (UTC): https://app.example.com`);
    await passOn(day('04-29', 1));
    expect(sent(grace).filter((subject) => subject === first)).toHaveLength(1);
    await passOn(day('04-30', 1));
    await app.mail.take(grace.email, `Last reminder: your account will be anonymized on 31 May ${year + 1}`);
    expect(await passOn(day('05-30', 1))).toBe(0);
    moveTo(day('05-31', 1));
    expect((await Promise.all([retire(), retire()])).toSorted()).toEqual([0, 1]);
    expect(await erasureOf(grace)).toMatchObject({ ground: 'unused' });
    await until(async () => ((await erasureOf(grace)).receipts as unknown[]).length > 0);
    expect(sent(grace).filter((subject) => subject.includes('anonymized'))).toHaveLength(2);
    expect(
      (await app.ask('POST', '/v1/sessions', { body: { email: grace.email, password: goodPassword } }))
        .status,
    ).toBe(401);
    expect(await app.get(Housekeeping).keepHouse()).toBe(0);
  });

  it('starts anew when somebody logs in, uses a session or an API key of the person, or when the person asks for their data', async () => {
    const [byLogIn, byKey, byRequest] = [await join(), await join('admin'), await join()];
    const made = await app.ask('POST', '/v1/api-keys', {
      session: byKey.session,
      body: { name: 'Back end', scopes: ['members:read'] },
    });
    expect(made.status).toBe(201);
    await warned(byLogIn);
    moveTo(day('05-30', 1));
    await logIn(byLogIn);
    expect(await app.resolve({ apiKey: String(made.body.key) })).not.toBeNull();
    await app.database.asWorker((transaction) =>
      app.get(DataRequestsController).keepAccount(
        {
          type: lifecycleFacts.dataRequestAccepted.type,
          data: { userId: byRequest.userId },
          time: app.get(Clock).now(),
        } as never,
        { transaction } as never,
      ),
    );
    expect(await passOn(day('05-31', 1))).toBe(0);
    expect(await passOn(day('03-29', 2))).toBe(0);
    expect(sent(byLogIn).filter((subject) => subject.includes('anonymized'))).toHaveLength(2);
    await passOn(day('03-31', 2));
    expect(sent(byLogIn).filter((subject) => subject.includes('anonymized'))).toHaveLength(3);
    for (const person of [byKey, byRequest])
      expect(sent(person)).toContain(`Your account will be anonymized on 30 May ${year + 2} (UTC)`);
  });

  it('is not anonymized while a warning could not be sent, and 30 days after the last one at the earliest', async () => {
    const grace = await join();
    app.mail.refusing = true;
    moveTo(day('05-31', 2));
    expect(await retire()).toBe(0);
    const failed = () =>
      app.database.asWorker((sql) =>
        sql.query('select from email where sent_at is null and last_error is not null'),
      );
    await until(async () => (await failed()).length > 0);
    moveTo(day('08-01', 2));
    expect(await retire()).toBe(0);
    app.mail.refusing = false;
    await until(async () => (await waiting()) === 0);
    expect(sent(grace)).toContain(`Your account will be anonymized on 30 September ${year + 2} (UTC)`);
    await passOn(day('08-29', 2));
    expect(sent(grace).filter((subject) => subject.startsWith('Last'))).toHaveLength(0);
    // Nobody looked for weeks.
    await passOn(day('09-20', 2));
    expect(sent(grace)).toContain(`Last reminder: your account will be anonymized on 20 October ${year + 2}`);
    expect(await passOn(day('10-19', 2))).toBe(0);
    expect(await passOn(day('10-20', 2))).toBe(1);
  });

  it('stays while a legal hold covers the person, and is anonymized when it is released', async () => {
    const grace = await join();
    await warned(grace);
    const holdOn = async (organizationId: string, scope: object) => {
      const id = randomUUID();
      await app.database.asWorker((sql) =>
        sql.query(
          `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at) values ($1, $2, $3, $4, now())`,
          [id, operator, organizationId, JSON.stringify(scope)],
        ),
      );
      return () =>
        app.database.asWorker((sql) =>
          sql.query('update hold set released_at = now() where hold_id = $1', [id]),
        );
    };
    const release = await holdOn(owner.organizationId, { of: 'subject', subjects: [grace.userId] });
    expect(await passOn(day('06-30', 1))).toBe(0);
    await logInAfterwards(grace);
    await release();
    // All of the operator's data is held: the log that says of the erasure is theirs, too.
    const releaseOperator = await holdOn(operator, { of: 'organization' });
    expect(await passOn(day('07-01', 1))).toBe(0);
    await releaseOperator();
    expect(await passOn(day('07-02', 1))).toBe(1);
  });
  /** Access is as it was. */
  const logInAfterwards = async ({ email }: Person) => {
    const answer = await app.ask('POST', '/v1/sessions', { body: { email, password: 'wrong wrong wrong' } });
    expect(answer.status).toBe(401);
  };

  it('stays where it is the last owner’s, who is not warned; of two owners one stays', async () => {
    const only = await app.signUp();
    await passOn(day('03-31', 1));
    expect(await passOn(day('05-31', 3))).toBe(0);
    expect(sent(only)).toEqual(['Confirm your email address']);
    moveTo(day('05-31', 3));
    only.session = (await logIn(only)) ?? '';
    const other = await app.join(only, 'owner');
    await logIn(owner);
    for (const [date, begun] of [
      ['03-31', 0],
      ['04-30', 0],
      ['05-31', 1],
      ['06-30', 0],
    ] as const)
      expect(await passOn(day(date, 4))).toBe(begun);
    const owners = await app.database.asWorker((sql) =>
      sql.query<{ user_id: string }>('select user_id from member where organization_id = $1', [
        only.organizationId,
      ]),
    );
    expect([[only.userId], [other.userId]]).toContainEqual(owners.map(({ user_id }) => user_id));
  });

  it('of a former member is anonymized after 12 months without a warning', async () => {
    const grace = await join();
    await app.ask('DELETE', `/v1/members/${grace.userId}`, { session: owner.session });
    expect(await passOn(day('05-30', 1))).toBe(0);
    expect(await passOn(day('05-31', 1))).toBe(1);
    expect(await erasureOf(grace)).toMatchObject({ ground: 'unused' });
    expect(sent(grace).filter((subject) => subject.includes('anonymized'))).toHaveLength(0);
  });

  it('of an organization that has ended is left to its deletion; where it comes back, all starts anew', async () => {
    const grace = await join();
    await warned(grace);
    const terminations = app.get(TerminationsController);
    const { organizationId } = owner;
    const tell = (what: 'deactivate' | 'reactivate') =>
      app.database.asWorker((transaction) =>
        terminations[what](
          {
            data: { organizationId, endedAt: app.get(Clock).now().toISOString() },
            time: app.get(Clock).now(),
          } as never,
          { transaction } as never,
        ),
      );
    await tell('deactivate');
    expect(await passOn(day('07-31', 1))).toBe(0);
    await tell('reactivate');
    expect(await passOn(day('05-30', 2))).toBe(0);
    expect(sent(grace).filter((subject) => subject.includes('anonymized'))).toHaveLength(2);
    await passOn(day('05-31', 2));
    expect(sent(grace)).toContain(`Your account will be anonymized on 31 July ${year + 2} (UTC)`);
  });
});
