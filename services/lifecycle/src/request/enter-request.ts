/** @promise P10 takes a request from somebody without an account, and has the address confirmed */
import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, idempotencyKey, Ids, problem } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { storedNames } from '../stored-names.js';
import { dataRequestAggregate } from './data-request.aggregate.js';
import { readable } from './data-request.view.js';
import { DataRequests } from './data-requests.js';
import type { NewDataRequest } from './receive-request.js';

/** What somebody without a session can say. */
export type OutsideRequest = Pick<NewDataRequest, 'kind' | 'text' | 'organizationId'> & {
  readonly email: string;
};

/** @returns undefined for what only a session can say, or where nobody could be answered */
export function outsideRequestIn({
  email,
  userId,
  receivedAt,
  ...asked
}: NewDataRequest): OutsideRequest | undefined {
  return email === undefined || userId !== undefined || receivedAt !== undefined
    ? undefined
    : { ...asked, email };
}

export const confirmation = z
  .strictObject({
    token: z.string().min(1).max(200).describe('What follows `#token=` in the link of the email'),
  })
  .meta({ examples: [{ token: 'D3xVx4b0nM2q7y9sRkE1uTzPfWc3dGh6jLoAi5QeXrYtNsVx4b0nM2q7y9sRkE1u' }] });

/** Emails to one address within an hour. */
const MOST_AN_HOUR = 5;
const HOUR_MS = 3_600_000;
/** Bytes of a UUID; the rest of a token is a keyed hash of it. */
const ID_BYTES = 16;

@Injectable()
export class EnterRequest {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly operator: Operator,
    private readonly requests: DataRequests,
  ) {}

  /** The same answer after the same work for every address: nobody looks whether it is known. Beyond the limit nothing is stored. */
  async enter(
    caller: Caller,
    { kind, email, text, organizationId }: OutsideRequest,
    key: string | undefined,
  ): Promise<void> {
    const at = this.clock.now();
    const to = await this.controllerOf(organizationId);
    await this.transact(to, caller, at, async (unit) => {
      const hash = await this.vault.keyedHash(unit, storedNames.requestContact, email.toLowerCase());
      // Of two at once, the second sees the first.
      await unit.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [hash.toString('base64')]);
      const since = new Date(at.getTime() - HOUR_MS);
      const sent = await unit.query(
        'select from data_request where contact_hash = $1 and received_at > $2 limit $3',
        [hash, since, MOST_AN_HOUR],
      );
      if (sent.length >= MOST_AN_HOUR) return;
      const dataRequestId = await this.newId(unit, email, key);
      const { state } = await unit.load(dataRequestAggregate, dataRequestId);
      if (state.status !== 'absent') {
        if (
          state.kind !== kind ||
          (state.status === 'unconfirmed' && readable(state.text) !== (text ?? null))
        )
          throw problem('idempotency-key-reused');
        return;
      }
      const entered = await this.requests.execute(unit, dataRequestId, {
        type: 'enter',
        entered: {
          ...{ dataRequestId, contactId: this.ids.newId(), receiptId: this.ids.newId(), kind },
          ...{ receivedAt: at.toISOString(), contact: email, text: text ?? null },
        },
      });
      if ('rejected' in entered) throw new Error(`A new request was rejected: ${entered.rejected}`);
      await unit.query('update data_request set contact_hash = $2 where data_request_id = $1', [
        dataRequestId,
        hash,
      ]);
    });
  }

  /** @throws the problem `gone` for a token that is none, was used, or is too old */
  async confirm(caller: Caller, { token }: z.output<typeof confirmation>): Promise<void> {
    const at = this.clock.now();
    const dataRequestId = idIn(token);
    const to = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string }>(
        'select organization_id from data_request where data_request_id = $1',
        [dataRequestId],
      ),
    );
    await this.transact(to[0]?.organization_id ?? this.operator.organizationId, caller, at, async (unit) => {
      const expected = Buffer.from(await tokenFor(this.vault, unit, dataRequestId));
      const given = Buffer.from(token);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw problem('gone');
      const confirmed = await this.requests.execute(unit, dataRequestId, { type: 'confirm', at });
      if ('rejected' in confirmed) throw problem('gone');
      await unit.query('update data_request set contact_hash = null where data_request_id = $1', [
        dataRequestId,
      ]);
    });
  }

  /** Whoever decides about the data (Article 4(7) GDPR). An organization that nobody knows is answered like any other. */
  private async controllerOf(named: string | undefined): Promise<string> {
    const asked = named ?? this.operator.organizationId;
    const known = await this.database.asWorker((sql) =>
      sql.query('select from organization where organization_id = $1', [asked]),
    );
    return known.length > 0 ? asked : this.operator.organizationId;
  }

  /** With an `Idempotency-Key` the same id again: no table of keys is open to those who have no organization. */
  private async newId(sql: Sql, email: string, key: string | undefined): Promise<string> {
    if (key === undefined) return this.ids.newId();
    const once = `${email.toLowerCase()} ${idempotencyKey(key)}`;
    return uuidFrom(await this.vault.keyedHash(sql, storedNames.requestIdempotencyKey, once));
  }

  /** As `worker`: nobody who sends a request to an organization sees one that is not confirmed. */
  private transact<Result>(
    organizationId: string,
    caller: Caller,
    at: Date,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Result> {
    return this.database.asWorker((sql) =>
      work(this.store.unit(sql, organizationId as OrganizationId, envelopeOf(caller, at, ANYBODY))),
    );
  }
}

/** Whoever holds the link, logged in or not. */
const ANYBODY = { type: 'anonymous', id: 'anonymous' } as const;

/** Made again when the email is sent, so that it is stored nowhere (P22). */
export async function tokenFor(vault: Vault, sql: Sql, dataRequestId: string): Promise<string> {
  const hash = await vault.keyedHash(sql, storedNames.requestConfirmation, dataRequestId);
  const id = Buffer.from(dataRequestId.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, hash]).toString('base64url');
}

function idIn(token: string): string {
  const bytes = Buffer.alloc(ID_BYTES);
  Buffer.from(token, 'base64url').copy(bytes);
  return spelled(bytes);
}

/** RFC 9562 section 5.8: a UUID of version 8, whose bits are our own. */
function uuidFrom(hash: Buffer): string {
  const own = Buffer.from(hash.subarray(0, ID_BYTES));
  own.writeUInt8((own.readUInt8(6) & 0x0f) | 0x80, 6);
  own.writeUInt8((own.readUInt8(8) & 0x3f) | 0x80, 8);
  return spelled(own);
}

function spelled(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
