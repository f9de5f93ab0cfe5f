import type { Deliveries } from './deliveries.ts';
import { deleteCustomer } from './customers.ts';
import { nextOf, payInvoice } from './subscriptions.ts';
import type { StripeObject, World } from './world.ts';
import { expireSession } from './checkout.ts';

/**
 * What goes wrong with the next requests to the API: `lost` carries out and cuts the connection, `half` answers half, `away` cuts the
 * connection before anything is done, `slow` answers after `milliseconds`; a number is a status.
 */
export interface Fault {
  readonly kind: 'lost' | 'half' | 'away' | 'slow' | number;
  readonly milliseconds?: number;
  /** For how many requests; until it is taken back where it is absent. */
  times?: number;
  /** Only for requests that change something. */
  readonly writes?: boolean;
}

export interface Control {
  faults: Fault[];
  /** Requests that came to the API, without their bodies. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly idempotencyKey: string | null;
  }[];
}

/** Everything that time does, in its order, up to now. @returns whether it did anything */
export function playTime(world: World): boolean {
  const until = world.now();
  let happened = false;
  for (;;) {
    const [next] = dueBy(world, until);
    if (!next) break;
    world.playing = next.at;
    next.happen();
    happened = true;
  }
  world.playing = null;
  return happened;
}

function dueBy(world: World, until: number): { at: number; happen: () => void }[] {
  const sessions = world.all('checkout.session').filter(({ status }) => status === 'open');
  return [
    ...world.all('subscription').flatMap((one) => nextOf(world, one) ?? []),
    ...sessions.map((one) => ({ at: Number(one.expires_at), happen: () => void expireSession(world, one) })),
  ]
    .filter(({ at }) => at <= until)
    .sort((a, b) => a.at - b.at);
}

const DAY_MS = 86_400_000;

/** The routes under `/_stand-in`, for tests and the tour. */
export function controlled(
  world: World,
  control: Control,
  sending: Deliveries,
  route: string,
  body: Readonly<Record<string, unknown>>,
): unknown {
  const id = String(body.id);
  switch (route) {
    case 'POST clock':
      world.moveClock(Number(body.days ?? 0) * DAY_MS + Number(body.seconds ?? 0) * 1000);
      playTime(world);
      return { now: new Date(world.now() * 1000).toISOString() };
    case 'GET clock':
      return { now: new Date(world.now() * 1000).toISOString() };
    case 'POST faults':
      control.faults = (body.faults as Fault[] | undefined) ?? [];
      return { faults: control.faults };
    case 'GET objects':
      return ['customer', 'subscription', 'invoice', 'charge', 'payment_method'].flatMap((object) =>
        world.all(object),
      );
    case 'GET events':
      return world.all('event');
    case 'POST settled':
      return sending.settled().then(() => ({ settled: true }));
    case 'GET requests':
      return control.requests;
    case 'POST webhooks':
      sending.pause(body.paused === true);
      return { paused: body.paused === true };
    case 'POST replays': {
      const event = world.find(id);
      for (let nth = 0; event && nth < Number(body.times ?? 1); nth += 1) sending.send(event);
      return { replayed: event !== undefined };
    }
    case 'POST payments':
      return payInvoice(world, id, body.card as string | undefined);
    case 'POST cards':
      return replaceCard(world, id, String(body.token));
    case 'POST deletions':
      return deleteCustomer(world, id);
    default:
      return undefined;
  }
}

/** The bank's doing: the saved card begins to behave like another test card. */
function replaceCard(world: World, id: string, token: string): StripeObject | undefined {
  const method = world.find(id);
  if (method) (method.card as { fingerprint: string }).fingerprint = token;
  return method;
}
