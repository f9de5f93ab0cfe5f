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

interface Refused<Reason> {
  readonly rejected: Reason;
}

/** Orders something at Stripe: the intent is committed before Stripe is asked, so that no crash loses it. */
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
   * @param check of what was asked, before the intent is opened
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
    const placed = await this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const intentId = await this.intentId(unit, caller, order, key);
      const known = await unit.load(intentAggregate, intentId);
      if (known.state.status === 'absent') {
        const refused = await check?.(unit);
        if (refused) return refused;
        const opened = {
          ...{ organizationId, intentId, userId: person, requestId: caller.requestId },
          ...{ operation: order.operation, openedAt: at.toISOString(), asked: sent },
        };
        const opening = await unit.execute(intentAggregate, intentId, { type: 'open', opened });
        if (!isRejected(opening)) return { intentId, isFirst: true };
      }
      // Sent before, perhaps a moment ago.
      const { state } = await unit.load(intentAggregate, intentId);
      if (state.status === 'absent') throw new Error('An intent that is there already is not there');
      if (isErased(state.opened.asked)) throw problem('gone');
      if (state.opened.asked !== sent) throw problem('idempotency-key-reused');
      return { intentId, isFirst: false };
    });
    if ('rejected' in placed) return placed;
    const { intentId, isFirst } = placed;
    return (await this.carryOut.carryOut(organizationId, intentId, { isFirst })) as Answer | OrderRejection;
  }

  /** Derived from the client's key, so that it is the same where the record of the first request was lost in a failover. */
  private async intentId(
    unit: UnitOfWork,
    { actor }: Caller,
    { operation }: Pick<Order, 'operation'>,
    header: string | undefined,
  ): Promise<string> {
    if (header === undefined) return this.ids.newId();
    const key = idempotencyKey(header);
    const value = canonicalJson([unit.organizationId, `${actor.type}:${actor.id}`, operation, key]);
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
