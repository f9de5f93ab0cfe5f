/**
 * @promise P07 keeps of a request nothing that a password could be guessed from: its hash is keyed
 * @promise P22 keeps of an answer what it may repeat, never a secret that is shown once
 */
import { retentionPolicies } from '@vouchsafe/contracts';
import type { Database, Sql, SqlMigration } from '@vouchsafe/database';
import { isErased, isRejected, type Rejected } from '@vouchsafe/event-sourcing';
import { follow, type Follower } from '@vouchsafe/event-store';
import { canonicalJson } from '@vouchsafe/transparency-log';
import type { Scope, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { Caller } from './caller.js';
import { problem, type ProblemError } from './problems.js';
import { storedNames } from './stored-names.js';

/** A retry arrives within hours; other APIs keep keys for a day, too. */
export const IDEMPOTENCY_HOURS = retentionPolicies['idempotency-keys'].period.hours;

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

export interface CreatingRequest {
  /** The organization whose transaction this is. */
  readonly organizationId: string;
  readonly caller: Pick<Caller, 'actor'>;
  readonly operation: string;
  /** The `Idempotency-Key` header as it was sent; without one the work simply runs. */
  readonly key: string | undefined;
  /** Everything of the request that its effect depends on, body and path: only its keyed hash is kept. */
  readonly request: object;
  readonly at: Date;
}

export interface Created<Body extends object> {
  readonly body: Body;
  /** The answer to a repetition, where `body` has a secret that is shown once (P22): `body` without it. */
  readonly keep?: Body;
}

/** What a request is answered with: the body, or the rejection. */
export type AnswerOf<Result> = Result extends Created<infer Body> ? Body : Result;

/**
 * Runs `work` once for a key: the key and the answer commit in the effect's own transaction, so neither is there without
 * the other. A second request with the key waits for the first to end (the primary key's lock), then is answered the same; the same
 * key with another request is refused. `work` that ends in a problem or a rejection leaves no key, so that it can be tried again: a unit of
 * work that returns the rejection is rolled back whole, with the key.
 * @returns the answer's body, or the rejection
 */
export async function createOnce<Result extends Created<object> | Rejected>(
  vault: Vault,
  sql: Sql,
  request: CreatingRequest,
  work: () => Promise<Result>,
): Promise<AnswerOf<Result>> {
  // The stored answer is the one that `work` gave for the same request.
  return (await answerOnce(vault, sql, request, work)) as AnswerOf<Result>;
}

async function answerOnce(
  vault: Vault,
  sql: Sql,
  request: CreatingRequest,
  work: () => Promise<Created<object> | Rejected>,
): Promise<unknown> {
  if (request.key === undefined) {
    const result = await work();
    return isRejected(result) ? result : result.body;
  }
  const key = idempotencyKey(request.key);
  const row = await rowOf(vault, sql, request, key);
  const hash = await hashOf(vault, sql, request);
  const taken = await sql.query(
    `insert into idempotency_key (organization_id, actor, operation, key, request_hash, recorded_at)
     select $1, $2, $3, $4, $5, $6
     where not exists (
       select from idempotency_key where organization_id = $1 and actor = $2 and operation = $3 and key = $7)
     on conflict do nothing returning 1`,
    [...row, hash, request.at, key],
  );
  if (taken.length === 0) return keptAnswer(vault, sql, request, [...row, key], hash);
  const result = await work();
  if (isRejected(result)) return result;
  const { body, keep } = result;
  const sealed = await vault.seal(sql, scopeOf(request), contextOf(request), JSON.stringify(keep ?? body));
  if (isErased(sealed)) throw new Error("The organization's monthly key was erased during a request");
  await sql.query(
    `update idempotency_key set answer = $5
     where organization_id = $1 and actor = $2 and operation = $3 and key = $4`,
    [...row, sealed],
  );
  return body;
}

/** Removes keys that no retry needs any more, in every service. */
export function deleteOldIdempotencyKeys(options: {
  readonly database: Database;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}): Follower {
  const { database, now, onError } = options;
  const step = async (): Promise<number> => {
    const before = new Date(now().getTime() - IDEMPOTENCY_HOURS * 3_600_000);
    await database.asWorker((sql) =>
      sql.query('delete from idempotency_key where recorded_at < $1', [before]),
    );
    return 0;
  };
  return follow(step, { idle: 3_600_000, retry: 10_000, onError });
}

export const idempotencyKeyText = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 visible ASCII characters');

/** For an operation that would move money twice. */
export function idempotencyKeyRequired(): ProblemError {
  const detail = 'must be sent: a new one for each order, and the same one where the order is sent again';
  return problem('invalid-request', {
    reason: 'idempotency-key-required',
    errors: [{ pointer: 'header.Idempotency-Key', detail }],
  });
}

/** @returns the header's value, where it can be a key; @throws Problem `invalid-request` */
export function idempotencyKey(header: string): string {
  const read = idempotencyKeyText.safeParse(header);
  if (read.success) return read.data;
  const detail = read.error.issues[0]?.message ?? '';
  throw problem('invalid-request', { errors: [{ pointer: 'header.Idempotency-Key', detail }] });
}

/**
 * The primary key of a row. A client may put anything into its key, an email address too: so the table has a keyed hash of it, which
 * differs for each caller and operation (P18). Release 0.1.0 kept the key itself; its rows are still found by it, for the day that
 * they are kept.
 */
async function rowOf(
  vault: Vault,
  sql: Sql,
  { organizationId, caller, operation }: CreatingRequest,
  key: string,
): Promise<readonly string[]> {
  const scope = [organizationId, `${caller.actor.type}:${caller.actor.id}`, operation];
  const hash = await vault.keyedHash(sql, storedNames.idempotencyKey, canonicalJson([...scope, key]));
  return [...scope, hash.toString('base64url')];
}

/**
 * The request's hash is kept for a day, and the request may contain an address or a password (P07): the hash is keyed by the service's
 * own key, so that guesses cannot be tested against it.
 */
function hashOf(vault: Vault, sql: Sql, { request }: CreatingRequest): Promise<Buffer> {
  // Through JSON: a member that is undefined is left out.
  const sent: unknown = JSON.parse(JSON.stringify(request));
  return vault.keyedHash(sql, storedNames.idempotentRequest, canonicalJson(sent));
}

const kept = z.object({ request_hash: z.instanceof(Uint8Array), answer: z.string().nullable() });

async function keptAnswer(
  vault: Vault,
  sql: Sql,
  request: CreatingRequest,
  row: readonly string[],
  hash: Buffer,
): Promise<unknown> {
  const [found] = await sql.query(
    `select request_hash, answer from idempotency_key
     where organization_id = $1 and actor = $2 and operation = $3 and key in ($4, $5)`,
    row,
  );
  const { request_hash, answer } = kept.parse(found);
  if (!hash.equals(request_hash)) throw problem('idempotency-key-reused');
  if (answer === null) throw new Error('A committed idempotency key has no answer');
  const opened = await vault.open(sql, scopeOf(request), contextOf(request), answer);
  // The key of the answer is destroyed: it cannot be given again.
  if (isErased(opened)) throw problem('gone');
  return JSON.parse(opened) as unknown;
}

/** Sealed by the organization's monthly key: an answer may hold personal data. */
function scopeOf({ organizationId }: CreatingRequest): Scope {
  return { organizationId, subjectId: null };
}

function contextOf({ operation, key }: CreatingRequest): readonly string[] {
  return [storedNames.idempotencyKey, operation, key ?? ''];
}
