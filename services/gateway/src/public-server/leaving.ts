/** @promise P23 lets no answer leave before its entry is durable */
import { pipeline, Readable, Transform } from 'node:stream';
import { Injectable } from '@nestjs/common';
import {
  ENTRY_DETAILS_HEADER,
  problem,
  type ProblemError,
  readEntryDetails,
  type Refusing,
  sendProblem,
} from '@vouchsafe/service-host';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Conclusion, type Exchange, exchangeOf, outcomeOf } from '../access-log/exchange.js';
import { RecordExchange } from '../access-log/record-exchange.js';
import { Arrival } from './arrival.js';
import { AllowedOrigins } from './cross-site.js';
import { addSecurityHeaders } from './security-headers.js';
import { Unrecorded } from './unrecorded.js';

/** Every answer passes through here, whether a service, a guard or the framework made it. None is sent before its entry is durable (P23). */
@Injectable()
export class Leaving implements Refusing {
  constructor(
    private readonly arrival: Arrival,
    private readonly exchanges: RecordExchange,
    private readonly origins: AllowedOrigins,
    private readonly unrecorded: Unrecorded,
  ) {}

  /** One hook that every answer passes before its first byte is sent. */
  guard(fastify: FastifyInstance): void {
    fastify.addHook('onSend', async (request, reply, payload) => {
      addSecurityHeaders(reply, request, this.origins);
      const exchange = exchangeOf(request);
      takeEntryDetails(exchange, reply);
      if (exchange.concluded) return payload;
      exchange.concluded = true;
      const streams =
        exchange.route?.stream === true && payload instanceof Readable && reply.statusCode < 400;
      try {
        if (streams) return await this.openStream(exchange, reply, payload);
        await this.exchanges.recordOutcome(exchange, concluded(exchange, reply.statusCode));
        return payload;
      } catch (error) {
        if (payload instanceof Readable) payload.destroy();
        return this.holdBack(exchange, reply, request, error);
      }
    });
  }

  /** What the router refuses by itself passes no hook: it is recorded here, and then refused. */
  refuse(request: FastifyRequest, reply: FastifyReply, found: ProblemError): void {
    const exchange = this.arrival.arrive(request);
    exchange.concluded = true;
    addSecurityHeaders(reply, request, this.origins);
    void reply.header('x-request-id', exchange.requestId);
    this.exchanges.recordOutcome(exchange, concluded(exchange, found.status)).then(
      () => sendProblem(reply, found, exchange.requestId),
      (cause: unknown) => {
        this.unrecorded.count('unavailable');
        sendProblem(reply, problem('unavailable', { cause }), exchange.requestId);
      },
    );
  }

  /** The client went away before an answer could leave: the operation was executed, so its entry is written all the same. */
  async recordAbandoned(exchange: Exchange, status: number): Promise<void> {
    if (exchange.concluded) return;
    exchange.concluded = true;
    await this.exchanges
      .recordOutcome(exchange, concluded(exchange, status))
      .catch(() => this.unrecorded.count('abandoned'));
  }

  /** An entry before the first byte, and one with what was shown when it has ended. */
  private async openStream(exchange: Exchange, reply: FastifyReply, payload: Readable): Promise<Readable> {
    const status = reply.statusCode;
    const opened = { ...concluded(exchange, status), part: 'stream-opened' } as const;
    await this.exchanges.recordOutcome(exchange, opened, 'stays');
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
      this.exchanges
        .recordOutcome(exchange, { status, outcome, part: 'stream-closed', bytes })
        .catch(() => this.unrecorded.count('stream-end'));
    });
    return counted;
  }

  /** What the answer says could not be recorded. */
  private holdBack(exchange: Exchange, reply: FastifyReply, request: FastifyRequest, cause: unknown): string {
    const executed =
      exchange.route?.effect === 'write' && ['answered', 'lost', 'waiting'].includes(exchange.passedOn);
    const code = executed ? 'outcome-unknown' : 'unavailable';
    this.unrecorded.count(code);
    const answer = problem(code, { cause });
    for (const name of Object.keys(reply.getHeaders())) void reply.removeHeader(name);
    addSecurityHeaders(reply, request, this.origins);
    void reply
      .code(answer.status)
      .headers({ 'x-request-id': exchange.requestId, 'cache-control': 'no-store', 'retry-after': '1' })
      .type('application/problem+json');
    return JSON.stringify(answer.document(exchange.requestId));
  }
}

/** What a refusal of our own adds to the entry, as a service's answer does. */
function takeEntryDetails(exchange: Exchange, reply: FastifyReply): void {
  const details = reply.getHeader(ENTRY_DETAILS_HEADER);
  if (typeof details !== 'string') return;
  exchange.details = readEntryDetails(details);
  void reply.removeHeader(ENTRY_DETAILS_HEADER);
}

function concluded(exchange: Exchange, status: number): Conclusion {
  return { status, outcome: outcomeOf(exchange, status), part: 'whole', bytes: null };
}
