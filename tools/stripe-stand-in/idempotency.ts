import { createHash } from 'node:crypto';
import { Problem } from './problem.ts';
import type { KeptAnswer } from './records.ts';
import type { World } from './world.ts';

/** Seconds for which an answer is given again. https://docs.stripe.com/api/idempotent_requests */
const KEPT_SECONDS = 24 * 3600;

/** @returns the answer that was given before; undefined where the key is new. @throws Problem 400 for a key of another request */
export function answerKeptFor(world: World, key: string, fingerprint: string): KeptAnswer | undefined {
  const kept = world.record('answer', key);
  if (!kept || kept.at + KEPT_SECONDS <= world.now()) return undefined;
  if (kept.fingerprint !== fingerprint)
    throw new Problem(
      400,
      {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      },
      false,
    );
  return kept;
}

export function keepAnswer(world: World, key: string, answer: Omit<KeptAnswer, 'at'>): void {
  world.setRecord('answer', key, { ...answer, at: world.now() });
}

export function forgetOldAnswers(world: World): void {
  world.forgetRecords('answer', ({ at }) => at + KEPT_SECONDS <= world.now());
}

export function fingerprintOf(route: string, body: string): string {
  return createHash('sha256').update(`${route}\n${body}`).digest('base64url');
}

/** Another request with the same key is still being carried out. */
export function inUse(key: string): Problem {
  return new Problem(
    409,
    {
      type: 'idempotency_error',
      code: 'idempotency_key_in_use',
      message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    },
    false,
  );
}
