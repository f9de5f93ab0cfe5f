/** @promise P23 kills, pauses, a full disk and a restart of Postgres under load lose nothing */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { smallDisk, type SmallDisk, whyNoSmallDisk } from '@vouchsafe/testing';
import { apiKey, gaps, type GatewaySuite, gatewaySuite, storedEntries } from './testing/gateway-suite.js';
import { type Answer, startLoad } from './testing/load.js';

// Nothing here says how fast anything is: a machine with other work to do may take its time.
const PATIENCE_MS = 120_000;
jest.setTimeout(2 * PATIENCE_MS);

describe('the access log loses nothing (P23)', () => {
  let suite: GatewaySuite;
  const started: Awaited<ReturnType<GatewaySuite['startProcess']>>[] = [];
  const start = async (more: Record<string, string> = {}) => {
    const gateway = await suite.startProcess(more);
    started.push(gateway);
    return gateway;
  };
  beforeAll(async () => {
    suite = await gatewaySuite();
  });
  /** From now on the service carries changes out and does not answer, until it is let go. */
  const hold = (): (() => void) => {
    let answer: () => void = () => undefined;
    suite.services.world.held = new Promise((resolve) => {
      answer = resolve;
    });
    return () => {
      suite.services.world.held = null;
      answer();
    };
  };
  let letGo: () => void = () => undefined;
  afterEach(async () => {
    suite.services.world.delay = 0;
    letGo();
    for (const gateway of started.splice(0)) {
      gateway.signal('SIGCONT');
      gateway.signal('SIGKILL');
      await gateway.exited;
    }
  });
  afterAll(() => suite.stop());

  it('when a gateway is killed under load: another one closes what it left open', async () => {
    // So long that none of them is taken for dead before it is.
    const lease = { VOUCHSAFE_INSTANCE_LEASE_MS: '4000' };
    const [first, second] = await Promise.all([start(lease), start(lease)]);
    const load = startLoad([first.url, second.url], 24);
    await until(() => load.answers.length > 100);
    // In the middle of changes, not between them: carried out, and not answered.
    letGo = hold();
    const underWay = async () => {
      const executed = new Set(suite.services.world.executed.map(({ requestId }) => requestId));
      return (await openEntries(suite, first.instanceId)).filter((requestId) => executed.has(requestId));
    };
    await until(async () => (await underWay()).length >= 3);
    const left = await underWay();
    first.signal('SIGKILL');
    await first.exited;
    letGo();
    await load.stop();
    await until(async () => (await openEntries(suite)).length === 0);
    await assertNothingIsMissing(suite, load.answers);
    const outcomes = new Map(
      (await storedEntries(suite.database)).map(({ payload }) => [payload.requestId, payload.outcome]),
    );
    expect(left.length).toBeGreaterThanOrEqual(3);
    expect(left.map((requestId) => outcomes.get(requestId))).toEqual(left.map(() => 'unknown'));
  });

  it('when Postgres is restarted under load: nothing is executed without its entry, and work goes on', async () => {
    const gateway = await start();
    const load = startLoad([gateway.url], 24);
    await until(() => load.answers.length > 200);
    await suite.postgres.restart();
    const before = load.answers.length;
    await until(() => load.answers.slice(before).filter(({ status }) => status < 300).length > 100);
    await load.stop();
    await until(async () => (await openEntries(suite)).length === 0);
    await assertNothingIsMissing(suite, load.answers);
  });

  it('when a gateway is paused: the entry that another one closed stays closed, and the answer says so', async () => {
    const [paused, other] = await Promise.all([start(), start()]);
    const { world } = suite.services;
    letGo = hold();
    const count = world.executed.length;
    const answer = fetch(`${paused.url}/v1/things`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: '{"id":"paused"}',
    });
    await until(() => world.executed.length > count);
    paused.signal('SIGSTOP');
    const requestId = world.executed.at(-1)?.requestId ?? '';
    await until(async () => (await entriesOf(requestId)).length > 0);
    letGo();
    paused.signal('SIGCONT');
    const response = await answer;
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      503,
      'outcome-unknown',
    ]);
    expect(await entriesOf(requestId)).toMatchObject([{ outcome: 'unknown', status: null }]);
    // Back under its lease, it works on; so does the other one.
    for (const { url } of [paused, other]) await until(async () => (await post(url)).status === 201);
    expect(gaps(await storedEntries(suite.database))).toEqual([]);
  });

  it('when a stopped gateway drains: it leaves nothing open and gives its lease back', async () => {
    const gateway = await start();
    suite.services.world.delay = 200;
    const load = startLoad([gateway.url], 8);
    await until(() => load.answers.length > 10);
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe(0);
    await load.stop();
    expect(await openEntries(suite)).toEqual([]);
    await assertNothingIsMissing(suite, load.answers);
  });

  const entriesOf = async (requestId: string) =>
    (await storedEntries(suite.database))
      .map(({ payload }) => payload)
      .filter((entry) => entry.requestId === requestId);
});

const cannotMount = whyNoSmallDisk();
// On CI a suite that cannot run is a failure.
if (cannotMount !== null && process.env.CI)
  throw new Error(`The disk-full suite must run here: ${cannotMount}`);

(cannotMount === null ? describe : describe.skip)(
  `the access log on a full disk (P23)${cannotMount === null ? '' : `, skipped: ${cannotMount}`}`,
  () => {
    let disk: SmallDisk;
    let suite: GatewaySuite;
    let gateway: Awaited<ReturnType<GatewaySuite['startProcess']>>;
    beforeAll(async () => {
      disk = smallDisk(192);
      suite = await gatewaySuite(disk.folder);
      gateway = await suite.startProcess();
    });
    afterAll(async () => {
      gateway.signal('SIGKILL');
      await gateway.exited;
      await suite.stop();
      disk.remove();
    });

    it('answers 503 and executes nothing, and works again when there is room', async () => {
      const load = startLoad([gateway.url], 16);
      await until(() => load.answers.length > 100);
      disk.fill();
      await until(() => load.answers.filter(({ status }) => status === 503).length > 20);
      disk.free();
      const before = load.answers.length;
      // Without room for its own log Postgres stops; whoever runs it starts it again.
      await suite.postgres.restart().catch(() => undefined);
      await until(() => load.answers.slice(before).some(({ status }) => status === 201));
      await load.stop();
      await until(async () => (await openEntries(suite)).length === 0);
      await assertNothingIsMissing(suite, load.answers);
    });
  },
);

/** Responses received by clients <= entries, each change in a service's store has its entry, numbers without gaps. */
async function assertNothingIsMissing(suite: GatewaySuite, answers: readonly Answer[]): Promise<void> {
  const entries = await storedEntries(suite.database);
  const known = Map.groupBy(entries, ({ payload }) => payload.requestId);
  const heldBack = ({ code }: Answer) => code === 'unavailable';
  expect(answers.filter((answer) => !heldBack(answer) && !known.has(answer.requestId))).toEqual([]);
  const { executed } = suite.services.world;
  expect(executed.filter(({ requestId }) => known.get(requestId)?.length !== 1)).toEqual([]);
  // What the client was told is what the log says, but for answers that were held back.
  const told = answers.filter(({ status }) => status < 300);
  expect(
    told.filter(({ requestId, status }) => known.get(requestId)?.[0]?.payload.status !== status),
  ).toEqual([]);
  // Nothing was executed of what was refused for want of an entry.
  const refused = new Set(answers.filter(heldBack).map(({ requestId }) => requestId));
  expect(executed.filter(({ requestId }) => refused.has(requestId))).toEqual([]);
  expect(gaps(entries)).toEqual([]);
}

/** The requests whose outcome is not recorded yet. */
async function openEntries(suite: GatewaySuite, instanceId: string | null = null): Promise<string[]> {
  const rows = await suite.database.asWorker((sql) =>
    sql.query<{ request_id: string }>(
      'select request_id from open_entry where $1::uuid is null or instance_id = $1',
      [instanceId],
    ),
  );
  return rows.map(({ request_id }) => request_id);
}

async function post(url: string): Promise<Response> {
  return fetch(`${url}/v1/things`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: '{"id":"again"}',
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if (await Promise.resolve(condition()).catch(() => false)) return;
    await sleep(30);
  }
  throw new Error('It did not come true in time');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
