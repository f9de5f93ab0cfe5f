import { Injectable } from '@nestjs/common';
import { isErased, isRejected, userId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  envelopeOf,
  Ids,
  idempotencyKey,
  organizationOf,
  problem,
} from '@vouchsafe/service-host';
import { canonicalJson } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';
import { CarryOut, type OrderRejection } from './carry-out.js';
import { intentAggregate } from './intent.aggregate.js';
import type { Order } from './order.js';
import { targetOf } from './target.js';

interface Refused<Reason> {
  readonly rejected: Reason;
}

/** How many earlier orders on the same object a request finishes before it gives up: those that arrive at once go one after the other. */
const EARLIER_ORDERS = 20;

type Placed = { readonly intentId: string; readonly isFirst: boolean } | { readonly earlier: string };

/**
 * Orders something at Stripe: the intent is committed before Stripe is asked, so that no crash loses it. An earlier order on the same object
 * whose outcome nobody knows is finished first, for a worker would carry it out after this one.
 */
@Injectable()
export class PlaceOrder {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly carryOut: CarryOut,
  ) {}

  /**
   * @param key the request's Idempotency-Key: one intent for it, however often it is sent, and after our own record of it was lost, too
   * @param check of what was asked, whenever Stripe is to be asked for the first time, or again after it did nothing
   * @throws Problem `idempotency-key-reused`
   */
  async place<Asked extends object, Answer extends object, Reason extends string = never>(
    caller: Caller,
    order: Order<Asked, Answer>,
    asked: Asked,
    key: string | undefined,
    check?: (unit: UnitOfWork) => Promise<Refused<Reason> | null> | Refused<Reason> | null,
  ): Promise<Answer | OrderRejection | Refused<Reason>> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    if (caller.actor.type !== 'user') throw problem('forbidden', { detail: 'Only a person can do this' });
    const person = userId.parse(caller.actor.id);
    const sent = canonicalJson(JSON.parse(JSON.stringify(asked)));
    const place = () =>
      this.store.transact(
        organizationId,
        envelopeOf(caller, at),
        async (unit): Promise<Placed | Refused<Reason> | Refused<'earlier-order-open'>> => {
          const intentId = await this.intentId(unit, caller, order, key);
          // The same order may be sent several times at once: the later ones see what the first has opened.
          await this.lock(unit, intentId);
          const { state } = await unit.load(intentAggregate, intentId);
          if (state.status !== 'absent') {
            if (isErased(state.opened.asked)) throw problem('gone');
            if (state.opened.asked !== sent) throw problem('idempotency-key-reused');
            // Sent before, perhaps a moment ago.
            if (state.status !== 'set-aside') return { intentId, isFirst: false };
          }
          const refused = await check?.(unit);
          if (refused) return refused;
          const earlier = await this.makeWay(unit, targetOf(order.operation, sent), intentId);
          if (earlier) return earlier;
          const opened = {
            ...{ organizationId, intentId, userId: person, requestId: caller.requestId },
            ...{ operation: order.operation, openedAt: at.toISOString(), asked: sent },
          };
          const command =
            state.status === 'absent' ? ({ type: 'open', opened } as const) : ({ type: 'take-up' } as const);
          const noted = await unit.execute(intentAggregate, intentId, command);
          if (isRejected(noted)) throw new Error('An intent has changed within a unit of work');
          return { intentId, isFirst: true };
        },
      );
    for (let nth = 0; nth <= EARLIER_ORDERS; nth += 1) {
      const placed = await place();
      if ('rejected' in placed) return placed;
      const [intentId, isFirst] =
        'earlier' in placed ? [placed.earlier, false] : [placed.intentId, placed.isFirst];
      const carriedOut = await this.carryOut.carryOut(organizationId, intentId, { isFirst });
      if (!('earlier' in placed)) return carriedOut as Answer | OrderRejection;
      if ('rejected' in carriedOut && carriedOut.rejected === 'outcome-unknown') break;
    }
    return { rejected: 'earlier-order-open' };
  }

  private async lock(unit: UnitOfWork, what: string): Promise<void> {
    await unit.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      canonicalJson([unit.organizationId, what]),
    ]);
  }

  /**
   * One order at a time on each target. One that was set aside was not carried out, for certain, and is over.
   * @returns an earlier one of which that is not certain
   */
  private async makeWay(
    unit: UnitOfWork,
    target: string | null,
    intentId: string,
  ): Promise<{ readonly earlier: string } | Refused<'earlier-order-open'> | null> {
    if (target === null) return null;
    await this.lock(unit, target);
    const [other] = await unit.query<{ intent_id: string }>(
      'select intent_id from intent where organization_id = $1 and target = $2 and intent_id <> $3',
      [unit.organizationId, target, intentId],
    );
    if (!other) return null;
    const { state } = await unit.load(intentAggregate, other.intent_id);
    if (state.status === 'set-aside') {
      await unit.execute(intentAggregate, other.intent_id, { type: 'refuse', reason: 'expired' });
      return null;
    }
    // Of an erased person: the worker removes what it left at Stripe, once nobody is at it.
    if (state.status === 'open' && isErased(state.opened.asked)) return { rejected: 'earlier-order-open' };
    return { earlier: other.intent_id };
  }

  /** Derived from the client's key, so that it is the same where the record of the first request was lost in a failover. */
  private async intentId(
    unit: UnitOfWork,
    { actor }: Caller,
    { operation, isSharedKey = false }: Pick<Order, 'operation' | 'isSharedKey'>,
    header: string | undefined,
  ): Promise<string> {
    if (header === undefined) return this.ids.newId();
    const key = idempotencyKey(header);
    const by = isSharedKey ? 'organization' : `${actor.type}:${actor.id}`;
    const value = canonicalJson([unit.organizationId, by, operation, key]);
    const hash = await this.vault.keyedHash(unit, storedNames.intentId, value);
    return uuidOf(hash);
  }
}

/** A UUID of version 8 (RFC 9562 section 5.8) of the first 122 bits that are free in it. */
function uuidOf(hash: Buffer): string {
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
