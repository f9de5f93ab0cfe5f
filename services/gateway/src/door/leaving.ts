/** @promise P23 lets no answer leave before its entry is durable */
import { pipeline, Readable, Transform } from 'node:stream';
import { problem, type Refuse, sendProblem } from '@vouchsafe/service-host';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { entryOf, type Conclusion, type Exchange, exchangeOf, outcomeOf } from '../access-log/exchange.js';
import type { Recorded } from '../access-log/access-log.js';
import type { Door } from './door.js';
import { addSecurityHeaders } from './security-headers.js';

/**
 * Nothing leaves before its entry is durable (P23): one hook that every answer passes, whoever made it - a service, a guard, the
 * framework - before its first byte is sent.
 */
export function recordBeforeLeaving(fastify: FastifyInstance, door: Door): void {
  fastify.addHook('onSend', async (request, reply, payload) => {
    addSecurityHeaders(reply, request, door.allowedOrigins);
    const exchange = exchangeOf(request);
    if (exchange.concluded) return payload;
    exchange.concluded = true;
    const streams = exchange.route?.stream === true && payload instanceof Readable && reply.statusCode < 400;
    try {
      if (streams) return await openStream(door, exchange, reply, payload);
      await record(door, exchange, concluded(door, exchange, reply.statusCode));
      return payload;
    } catch (error) {
      if (payload instanceof Readable) payload.destroy();
      return unrecorded(door, exchange, reply, request, error);
    }
  });
}

/** What the router refuses by itself passes no hook: it is recorded here, and then refused. */
export function refuseRecorded(door: Door, begin: (request: FastifyRequest) => Exchange): Refuse {
  return (request, reply, found) => {
    const exchange = begin(request);
    exchange.concluded = true;
    addSecurityHeaders(reply, request, door.allowedOrigins);
    void reply.header('x-request-id', exchange.requestId);
    record(door, exchange, concluded(door, exchange, found.status)).then(
      () => sendProblem(reply, found, exchange.requestId),
      (cause: unknown) => {
        door.count('unavailable');
        sendProblem(reply, problem('unavailable', { cause }), exchange.requestId);
      },
    );
  };
}

/** The client went away before an answer could leave: the operation was executed, so its entry is written all the same. */
export async function recordAbandoned(door: Door, exchange: Exchange, status: number): Promise<void> {
  if (exchange.concluded) return;
  exchange.concluded = true;
  await record(door, exchange, concluded(door, exchange, status)).catch(() => door.count('abandoned'));
}

function concluded(door: Door, exchange: Exchange, status: number): Conclusion {
  return { status, outcome: outcomeOf(exchange, status), part: 'whole', bytes: null, at: door.now() };
}

async function record(
  door: Door,
  exchange: Exchange,
  conclusion: Conclusion,
  openEntry: 'none' | 'ends' | 'stays' = exchange.openEntry,
): Promise<void> {
  const recorded: Recorded = await door.accessLog.outcome(entryOf(exchange, door, conclusion), openEntry);
  if (recorded === 'closed')
    throw new Error('Another instance has closed the entry: this one was taken for dead');
}

/** An entry before the first byte, and one with what was shown when it has ended. */
async function openStream(
  door: Door,
  exchange: Exchange,
  reply: FastifyReply,
  payload: Readable,
): Promise<Readable> {
  const status = reply.statusCode;
  await record(door, exchange, { ...concluded(door, exchange, status), part: 'stream-opened' }, 'stays');
  let bytes = 0;
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  pipeline(payload, counted, () => undefined);
  reply.raw.once('close', () => {
    const outcome = reply.raw.writableFinished ? 'success' : 'failure';
    record(door, exchange, { status, outcome, part: 'stream-closed', bytes, at: door.now() }).catch(() =>
      door.count('stream-end'),
    );
  });
  return counted;
}

/** The answer is held back: what it says could not be recorded. */
function unrecorded(
  door: Door,
  exchange: Exchange,
  reply: FastifyReply,
  request: FastifyRequest,
  cause: unknown,
): string {
  const executed =
    exchange.route?.effect === 'write' && ['answered', 'lost', 'waiting'].includes(exchange.passedOn);
  const code = executed ? 'outcome-unknown' : 'unavailable';
  door.count(code);
  const answer = problem(code, { cause });
  for (const name of Object.keys(reply.getHeaders())) void reply.removeHeader(name);
  addSecurityHeaders(reply, request, door.allowedOrigins);
  void reply
    .code(answer.status)
    .headers({ 'x-request-id': exchange.requestId, 'cache-control': 'no-store', 'retry-after': '1' })
    .type('application/problem+json');
  return JSON.stringify(answer.document(exchange.requestId));
}
