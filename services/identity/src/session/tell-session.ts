/** @promise P26 tells the session's secret to the gateway alone, in no body */
import { SESSION_HEADER } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import type { StartedSession } from './sessions.js';

/** For the gateway alone, which encrypts it into the cookie: a session's secret stands in no body (P26). */
export function tellSession(reply: FastifyReply, { secret, expiresAt }: StartedSession): void {
  void reply.header(SESSION_HEADER, `${secret.reveal()}; expires=${expiresAt.toISOString()}`);
}
