import { innerServiceNames } from '@vouchsafe/contracts';
import type { World } from './openapi.world.ts';
import { type Client, freshKey } from './system/client.ts';
import { type Operation, pathOf } from './system/openapi.ts';

/** A request that succeeds once. */
export interface Request {
  /** Who sends it: somebody of the organization, or, where the request itself is the authority, anybody. */
  readonly as: Client;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Whether it names something of the organization by an id; where it is not said, whether its path has one. */
  readonly refers?: boolean;
}

/** Sends a request; creating ones with an Idempotency-Key, as a careful client does. */
export function send(operation: Operation, request: Request, as: Client = request.as) {
  const { params, query, headers, body } = request;
  return as.send(operation.method, pathOf(operation, params), { query, headers, body });
}

/** Makes what an operation needs, in the world's organization, and the request that will succeed. */
export async function prepare(operation: Operation, world: World): Promise<Request> {
  const fixture = fixtures[operation.name];
  if (!fixture) throw new Error(`The operation ${operation.name} has no fixture`);
  const request = await fixture(world);
  return operation.takesIdempotencyKey
    ? { ...request, headers: { ...freshKey(), ...request.headers } }
    : request;
}

type Fixture = (world: World) => Promise<Request> | Request;

/** What a service's operations need, by their names: the file of its name in `operations/`. */
export type Requests = Readonly<Record<string, Fixture>>;

const fixtures: Requests = Object.assign(
  {},
  ...(await Promise.all(
    innerServiceNames.map(async (name) => {
      const { requests } = (await import(`./operations/${name}.ts`)) as { requests: Requests };
      return requests;
    }),
  )),
) as Requests;

export const fixtureNames: readonly string[] = Object.keys(fixtures);
