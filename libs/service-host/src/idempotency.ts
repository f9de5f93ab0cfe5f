import { createHash } from 'node:crypto';
import type { Sql, SqlMigration } from '@vouchsafe/database';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { Caller } from './caller.js';
import { problem } from './problems.js';

/** A retry arrives within hours; a day is what the ecosystem keeps keys for. */
export const IDEMPOTENCY_HOURS = 24;

export const idempotencyMigrations: readonly SqlMigration[] = [
  {
    name: 'service-host-001-idempotency-key',
    sql: ({ request, worker }) => `
      create table idempotency_key (
        organization_id uuid not null,
        actor text not null,
        operation text not null,
        key text not null,
        request_hash bytea not null,
        status smallint,
        answer text,
        recorded_at timestamptz not null,
        primary key (organization_id, actor, operation, key)
      );
      create index idempotency_key_recorded_at on idempotency_key (recorded_at);
      alter table idempotency_key enable row level security;
      alter table idempotency_key force row level security;
      create policy own on idempotency_key to ${request}
        using (organization_id = nullif(current_setting('vouchsafe.organization_id', true), '')::uuid);
      create policy every on idempotency_key to ${worker} using (true);
      grant select, insert, update on idempotency_key to ${request};
      grant select, delete on idempotency_key to ${worker};`,
  },
];

/** The vault's sealing: a kept answer may hold personal data. */
export interface AnswerSealer {
  seal(sql: Sql, scope: Scope, context: readonly string[], plaintext: string): Promise<string>;
  open(sql: Sql, scope: Scope, context: readonly string[], sealed: string): Promise<unknown>;
}
interface Scope {
  readonly organizationId: string;
  readonly subjectId: string | null;
}

export interface IdempotentRequest {
  /** The organization whose transaction this is. */
  readonly organizationId: string;
  readonly caller: Pick<Caller, 'actor'>;
  readonly operation: string;
  /** The `Idempotency-Key` header; without one the work simply runs. */
  readonly key: string | undefined;
  /** Everything of the request that its effect depends on: body and path. */
  readonly request: object;
  readonly at: Date;
  readonly sealer: AnswerSealer;
}

export interface Answer<Body extends object> {
  readonly status: number;
  readonly body: Body;
  /** What a repetition is answered with, where `body` shows a secret once (P22): `body` without it. */
  readonly keep?: Body;
}

/** `Idempotency-Key` as a route takes it: `@Headers('idempotency-key') key?: string`, then `idempotencyKey(key)`. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw problem('invalid-request', {
    errors: [{ pointer: 'header.Idempotency-Key', detail: '1 to 255 visible ASCII characters' }],
  });
}

/**
 * Runs `work` once for a key: the key and the answer commit in the effect's own transaction, so neither is there without
 * the other. A second request with the key waits for the first to end (the primary key's lock), then is answered the same; the same
 * key with another request is refused. `work` that ends in a problem leaves no key, so that it can be tried again.
 */
export async function idempotently<Body extends object>(
  sql: Sql,
  request: IdempotentRequest,
  work: () => Promise<Answer<Body>>,
): Promise<{ status: number; body: Body; replayed: boolean }> {
  if (request.key === undefined) {
    const { status, body } = await work();
    return { status, body, replayed: false };
  }
  const row = [
    request.organizationId,
    `${request.caller.actor.type}:${request.caller.actor.id}`,
    request.operation,
    request.key,
  ];
  const hash = createHash('sha256')
    .update(canonicalize(request.request) ?? '')
    .digest();
  const taken = await sql.query(
    `insert into idempotency_key (organization_id, actor, operation, key, request_hash, recorded_at)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning 1`,
    [...row, hash, request.at],
  );
  if (taken.length === 0) {
    const { status, body } = await keptAnswer(sql, request, row, hash);
    // What was kept is what `work` answered for the very same request.
    return { status, body: body as Body, replayed: true };
  }
  const { status, body, keep } = await work();
  const sealed = await request.sealer.seal(
    sql,
    scopeOf(request),
    contextOf(request),
    JSON.stringify(keep ?? body),
  );
  await sql.query(
    `update idempotency_key set status = $5, answer = $6
     where organization_id = $1 and actor = $2 and operation = $3 and key = $4`,
    [...row, status, sealed],
  );
  return { status, body, replayed: false };
}

/** Removes keys that no retry needs any more; run by the worker. */
export async function forgetIdempotencyKeys(sql: Sql, now: Date): Promise<void> {
  const before = new Date(now.getTime() - IDEMPOTENCY_HOURS * 3_600_000);
  await sql.query('delete from idempotency_key where recorded_at < $1', [before]);
}

const kept = z.object({
  request_hash: z.instanceof(Uint8Array),
  status: z.number().nullable(),
  answer: z.string().nullable(),
});

async function keptAnswer(
  sql: Sql,
  request: IdempotentRequest,
  row: readonly string[],
  hash: Buffer,
): Promise<{ status: number; body: unknown }> {
  const [found] = await sql.query(
    `select request_hash, status, answer from idempotency_key
     where organization_id = $1 and actor = $2 and operation = $3 and key = $4`,
    row,
  );
  const { request_hash, status, answer } = kept.parse(found);
  if (!hash.equals(request_hash)) throw problem('idempotency-key-reused');
  if (status === null || answer === null) throw new Error('A committed idempotency key has no answer');
  const opened = await request.sealer.open(sql, scopeOf(request), contextOf(request), answer);
  // Its organization's key is destroyed: what was done cannot be told again.
  if (typeof opened !== 'string') throw problem('gone');
  return { status, body: JSON.parse(opened) as unknown };
}

function scopeOf({ organizationId }: IdempotentRequest): Scope {
  return { organizationId, subjectId: null };
}

function contextOf({ operation, key }: IdempotentRequest): readonly string[] {
  return ['idempotency-key', operation, key ?? ''];
}
