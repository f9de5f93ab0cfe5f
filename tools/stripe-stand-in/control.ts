import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { payOut } from './balance.ts';
import { deleteCustomer } from './customers.ts';
import { closeDispute, makeDispute, makeEarlyFraudWarning } from './disputes.ts';
import { doWhatIsDue, moveClock } from './due.ts';
import { type Fault, type Faults, faultsRequest } from './faults.ts';
import { payOutOfBand } from './invoice-routes.ts';
import { makeRestrictedKey } from './keys.ts';
import { matched } from './matching.ts';
import type { Kind, Stored } from './objects.ts';
import { authenticateIntent } from './pages.ts';
import { Problem } from './problem.ts';
import { cardOfToken } from './test-cards.ts';
import type { Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

/** What is known of a request that came to the API. */
interface SeenRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly idempotencyKey: string | null;
  readonly fault: Fault['kind'] | null;
  readonly status: number | null;
  readonly replayed: boolean;
}

/** All that a running stand-in consists of. */
export interface Control {
  readonly id: string;
  readonly world: World;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly seen: SeenRequest[];
  readonly secretKey: string;
  /** What control requests carry as `x-stand-in-secret`; `off` refuses them all. */
  readonly control: { readonly secret?: string } | 'off';
  readonly logError: (error: unknown) => void;
}

interface ControlRequest {
  readonly method: string;
  readonly pathname: string;
  readonly search: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

interface ControlCall {
  readonly control: Control;
  readonly path: (name: string) => string;
  readonly query: URLSearchParams;
  readonly json: unknown;
}

type ControlRoutes = Readonly<Record<string, (call: ControlCall) => object | Promise<object>>>;

/** Everything that can be seen of it. */
const reading: ControlRoutes = {
  'GET /_stand-in': ({ control: { world } }) => ({ standIn: 'stripe', now: world.now(), url: world.url }),
  'GET /_stand-in/clock': ({ control: { world } }) => clockOf(world),
  'GET /_stand-in/faults': ({ control: { faults } }) => ({ faults: faults.all() }),
  'GET /_stand-in/objects': ({ control: { world }, query }) => {
    const asked = query.getAll('kind') as Kind[];
    const usual = ['customer', 'subscription', 'invoice', 'charge', 'payment_method'] as const;
    return (asked.length > 0 ? asked : usual).flatMap((kind): Stored[] => world.all(kind));
  },
  'GET /_stand-in/events': ({ control: { world } }) => world.all('event'),
  'GET /_stand-in/requests': ({ control: { seen } }) => seen,
  'GET /_stand-in/webhooks': ({ control: { world, webhooks } }) => ({
    idle: webhooks.isIdle(),
    waiting: world.allRecords('delivery').map(([id, delivery]) => ({ id, ...delivery })),
  }),
};

const withId = z.strictObject({ id: z.string() });

/** What the dashboard, banks and time do. */
const doing: ControlRoutes = {
  'POST /_stand-in/clock': ({ control: { world }, json }) => {
    const {
      to,
      days = 0,
      seconds = 0,
    } = z
      .strictObject({ to: z.int(), days: z.number().min(0), seconds: z.int().min(0) })
      .partial()
      .parse(json);
    const moment = to ?? world.now() + Math.round(days * 86_400) + seconds;
    if (moment < world.now()) throw refusal('The clock goes forward alone.');
    moveClock(world, moment);
    return clockOf(world);
  },
  'POST /_stand-in/authentications': ({ control: { world }, json }) => {
    const { id, succeeds } = z.strictObject({ id: z.string(), succeeds: z.boolean() }).parse(json);
    authenticateIntent(world, id, succeeds);
    return { id, succeeds };
  },
  'POST /_stand-in/cards': ({ control: { world }, json }) => {
    const { id, token } = z.strictObject({ id: z.string(), token: z.string() }).parse(json);
    const method = world.get('payment_method', id);
    const card = cardOfToken(token);
    if (card === undefined) throw refusal('There is no such test card.');
    world.addNote(method.id, { card });
    return method;
  },
  'POST /_stand-in/renewed-cards': ({ control: { world }, json }) => {
    const method = world.get('payment_method', withId.parse(json).id);
    if (!method.card) throw refusal('It is no card.');
    const card = { ...method.card, exp_year: method.card.exp_year + 3 };
    return world.change(method, { card }, 'payment_method.automatically_updated');
  },
  'POST /_stand-in/payments': ({ control: { world }, json }) =>
    payOutOfBand(world, world.get('invoice', withId.parse(json).id)),
  'POST /_stand-in/deletions': ({ control: { world }, json }) =>
    deleteCustomer(world, world.get('customer', withId.parse(json).id)),
  'POST /_stand-in/disputes': ({ control: { world }, json }) => {
    const { charge, reason } = z
      .strictObject({ charge: z.string(), reason: z.string().optional() })
      .parse(json);
    return makeDispute(world, world.get('charge', charge), reason);
  },
  'POST /_stand-in/closed-disputes': ({ control: { world }, json }) => {
    const { id, status } = z.strictObject({ id: z.string(), status: z.enum(['won', 'lost']) }).parse(json);
    return closeDispute(world, world.get('dispute', id), status);
  },
  'POST /_stand-in/early-fraud-warnings': ({ control: { world }, json }) => {
    const { charge } = z.strictObject({ charge: z.string() }).parse(json);
    return makeEarlyFraudWarning(world, world.get('charge', charge));
  },
  'POST /_stand-in/payouts': ({ control: { world }, json }) => {
    const { currency, amount } = z.strictObject({ currency: z.string(), amount: z.int() }).parse(json);
    return payOut(world, currency, amount);
  },
  'POST /_stand-in/restricted-keys': ({ control: { world }, json }) => {
    const { permissions } = z
      .strictObject({ permissions: z.array(z.enum(['balance:read', 'payouts:read'])) })
      .parse(json);
    return { key: makeRestrictedKey(world, permissions) };
  },
  'DELETE /_stand-in/restricted-keys/:key': ({ control: { world }, path }) => {
    world.setRecord('key', path('key'), null);
    return {};
  },
};

/** The stand-in's own: what goes wrong, what it remembers, how webhooks are sent. */
const playing: ControlRoutes = {
  'POST /_stand-in/faults': ({ control: { faults }, json }) => {
    faults.replace(faultsRequest.parse(json).faults);
    return { faults: faults.all() };
  },
  'DELETE /_stand-in/requests': ({ control: { seen } }) => seen.splice(0),
  'POST /_stand-in/webhooks': ({ control: { webhooks }, json }) => {
    const { paused } = z.strictObject({ paused: z.boolean() }).parse(json);
    webhooks.pause(paused);
    return { paused };
  },
  'POST /_stand-in/settled': async ({ control: { webhooks } }) => {
    await webhooks.settled();
    return { settled: true };
  },
  'POST /_stand-in/deliveries': async ({ control: { webhooks }, json }) => {
    const { order } = z.strictObject({ order: z.enum(['as-is', 'shuffled']) }).parse(json);
    return { untaken: await webhooks.flush(order) };
  },
  'POST /_stand-in/replays': async ({ control: { world, webhooks }, json }) => {
    const { id, times } = z
      .strictObject({ id: z.string(), times: z.int().min(1).max(10_000).default(1) })
      .parse(json);
    return { taken: await webhooks.replay(world.get('event', id), times) };
  },
};

const routes: ControlRoutes = { ...reading, ...doing, ...playing };

function clockOf(world: World): { now: string } {
  return { now: new Date(world.now() * 1000).toISOString() };
}

/** Answers a request to what tests and the tour control the stand-in by. */
export async function controlAnswer(
  control: Control,
  request: ControlRequest,
): Promise<{ readonly status: number; readonly answer: object }> {
  const { world } = control;
  const { pathname, method, body, headers } = request;
  const refused = refusalOf(control, headers);
  if (refused !== undefined) return { status: 403, answer: { error: refused } };
  const found = matched(routes, method, pathname);
  if (!found) return { status: 404, answer: { error: 'There is no such control' } };
  try {
    doWhatIsDue(world, world.now());
    const json: unknown = body === '' ? {} : JSON.parse(body);
    const query = new URLSearchParams(request.search);
    return { status: 200, answer: await found.handler({ control, path: found.path, query, json }) };
  } catch (error) {
    if (error instanceof Problem) return { status: error.status, answer: { error: error.message } };
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      return { status: 400, answer: { error: error.message } };
    throw error;
  } finally {
    world.settle();
  }
}

/** No page of another origin controls the stand-in through somebody's browser. */
function refusalOf({ control, world }: Control, headers: IncomingHttpHeaders): string | undefined {
  if (control === 'off') return 'The controls are off';
  if (headers.origin !== undefined && headers.origin !== world.url) return 'Not from this origin';
  if (control.secret !== undefined && headers['x-stand-in-secret'] !== control.secret)
    return 'x-stand-in-secret is missing or wrong';
  return undefined;
}

function refusal(message: string): Problem {
  return new Problem(400, { type: 'invalid_request_error', message }, false);
}
