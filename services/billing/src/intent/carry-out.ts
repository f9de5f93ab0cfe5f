import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isErased, isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { Clock, Ids } from '@vouchsafe/service-host';
import { canonicalJson } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { Customers } from '../customer/customers.js';
import { storedNames } from '../stored-names.js';
import { KEY_HOURS, StripeApi } from '../stripe/stripe-api.js';
import {
  isFailed,
  isStuck,
  outcomeUnknown,
  type StripeFailure,
  type StripeRefusal,
} from '../stripe/stripe-failure.js';
import { intentAggregate } from './intent.aggregate.js';
import type { Intent } from './intent.decider.js';
import {
  metadataOf,
  type Order,
  ORDERS,
  type Performed,
  type Performing,
  type RecordContext,
} from './order.js';

export interface OrderRejection {
  readonly rejected: StripeRefusal | 'expired' | 'unavailable' | 'outcome-unknown' | 'earlier-order-open';
}

type Command = Parameters<(typeof intentAggregate)['decider']['decide']>[1];
type Opened = Extract<Intent, { opened: unknown }>['opened'];

interface Which extends Pick<Performing, 'customerId' | 'isCompleted'> {
  readonly opened: Opened;
}

/** Carries out an intent, or goes on with one. It may run any number of times, also at once. */
@Injectable()
export class CarryOut {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly stripe: StripeApi,
    private readonly customers: Customers,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(ORDERS) private readonly orders: readonly Order[],
  ) {}

  /** @param isFirst nobody has asked Stripe for it yet: what is certainly not carried out now is not carried out at all */
  async carryOut(
    organizationId: string,
    intentId: string,
    { isFirst }: { readonly isFirst: boolean },
  ): Promise<object | OrderRejection> {
    if (!isFirst) await this.noteTry(organizationId, intentId);
    const state = await this.load(organizationId, intentId);
    if (state.status === 'absent') throw new Error(`There is no intent ${intentId}`);
    if (state.status === 'set-aside') return { rejected: 'unavailable' };
    if (state.status === 'refused') return { rejected: state.reason };
    const { opened } = state;
    const isOld = this.ageOf(opened) > KEY_HOURS * 3_600_000;
    const order = this.orders.find(({ operation }) => operation === opened.operation);
    if (!order) throw new Error(`No order ${opened.operation}`);
    if (isErased(opened.asked)) return this.forget(order, opened);
    const asked = order.asked.parse(JSON.parse(opened.asked));
    // Its answer was given; it is repeated as long as Stripe repeats it.
    if (state.status === 'completed' && isOld) return { rejected: 'expired' };
    const isCompleted = state.status === 'completed';

    const customer = await this.customers.ensure(opened, { isOld });
    if (isFailed(customer)) return this.fail(opened, customer, isFirst);
    const { customerId } = customer;
    if (!(await this.isFor(customerId, state))) return this.refuse(opened, 'expired');
    const performed = await this.perform(order, asked, { opened, customerId, isCompleted }, isOld);
    if (isFailed(performed)) return this.fail(opened, performed, isFirst);
    await this.complete(order, asked, { ...opened, customerId }, performed);
    return performed.answer;
  }

  /**
   * Stripe keeps an answer of 500 with its key, too: then only another key brings another answer. The keys are gone through in order, so
   * that whoever carries out this intent finds out what the others have made.
   */
  private async perform(
    order: Order,
    asked: object,
    which: Which,
    isOld: boolean,
  ): Promise<Performed | StripeFailure> {
    for (let nth = 1; ; nth += 1) {
      const context = await this.contextOf(which, nth);
      // With a new key, or one that Stripe may have forgotten, it could be made a second time.
      const found = isOld || nth > 1 ? await order.find?.(asked, context) : undefined;
      const performed = found ?? (await order.perform(asked, context));
      if (!found && isStuck(performed)) continue;
      // What became of the request with the key before this one, nobody knows.
      return nth > 1 && isFailed(performed) ? outcomeUnknown(performed) : performed;
    }
  }

  private async contextOf({ opened, customerId, isCompleted }: Which, nth: number): Promise<Performing> {
    const { organizationId, userId, intentId, operation } = opened;
    const keyOf = async (...step: readonly string[]): Promise<string> => {
      const value = canonicalJson([organizationId, userId, operation, intentId, nth, ...step]);
      const key = await this.database.forOrganization(organizationId, (sql) =>
        this.vault.keyedHash(sql, storedNames.stripeKey, value),
      );
      return key.toString('base64url');
    };
    const first = await keyOf();
    const stripe = this.stripe.for(organizationId);
    return {
      stripe,
      ...{ organizationId, userId, intentId, customerId, isCompleted },
      write: async (ask, step) =>
        stripe.write(step === undefined ? first : await keyOf(step), ask, nth === 1 ? 'several' : 'one'),
      metadata: metadataOf(organizationId, intentId),
      // A day and an hour before: the record of an earlier request may be lost, and clocks differ.
      since: Math.floor(Date.parse(opened.openedAt) / 1000) - 25 * 3600,
    };
  }

  /** The person was erased: nobody can say any more what was asked, and what it did at Stripe is undone there. */
  private async forget(order: Order, opened: Opened): Promise<OrderRejection> {
    const { organizationId } = opened;
    const customerId = await this.customers.find(organizationId);
    if (customerId !== undefined && order.forget) {
      const write: Performing['write'] = (ask) => this.stripe.background.write(this.ids.newId(), ask);
      const details = await this.customers.detailsOf(organizationId);
      const forgotten = await order.forget({ customerId, details, write });
      if (isFailed(forgotten) && forgotten.failed === 'unavailable') return { rejected: 'outcome-unknown' };
    }
    return this.refuse(opened, 'expired');
  }

  private async fail(opened: Opened, failure: StripeFailure, isFirst: boolean): Promise<OrderRejection> {
    if (failure.failed === 'refused') return this.refuse(opened, failure.reason);
    const isSetAside = failure.outcome === 'not-carried-out' && isFirst && (await this.setAside(opened));
    return { rejected: isSetAside ? 'unavailable' : 'outcome-unknown' };
  }

  /** @returns whether it could be: not where somebody else has asked Stripe for it meanwhile, who may have had another answer */
  private async setAside({ organizationId, intentId }: Opened): Promise<boolean> {
    let isOnlyTry = false;
    await this.inUnit(organizationId, intentId, async (unit) => {
      const rows = await unit.query('select from intent where intent_id = $1 and tries = 0 for update', [
        intentId,
      ]);
      isOnlyTry = rows.length > 0;
      if (isOnlyTry) await unit.execute(intentAggregate, intentId, { type: 'set-aside' });
    });
    return isOnlyTry;
  }

  private async refuse(
    opened: Opened,
    reason: Extract<Command, { type: 'refuse' }>['reason'],
  ): Promise<OrderRejection> {
    await this.note(opened, { type: 'refuse', reason });
    return { rejected: reason };
  }

  private complete(
    order: Order,
    asked: object,
    context: RecordContext,
    { objectId }: Performed,
  ): Promise<void> {
    const { organizationId, intentId, customerId } = context;
    return this.inUnit(organizationId, intentId, async (unit) => {
      const command = { type: 'complete', customerId, objectId } as const;
      const completed = await unit.execute(intentAggregate, intentId, command);
      if (isRejected(completed)) throw new Error('An intent that was carried out is not there');
      if (completed.events.length > 0) await order.record?.(asked, context, unit);
    });
  }

  private note({ organizationId, intentId }: Opened, command: Command): Promise<void> {
    return this.inUnit(organizationId, intentId, async (unit) => {
      const noted = await unit.execute(intentAggregate, intentId, command);
      if (isRejected(noted)) throw new Error('An intent that was carried out is not there');
    });
  }

  /** In the name of the person who ordered it, whoever carries it out. */
  private async inUnit(
    organizationId: string,
    intentId: string,
    work: (unit: UnitOfWork, opened: Opened) => Promise<void>,
  ): Promise<void> {
    const state = await this.load(organizationId, intentId);
    if (state.status === 'absent') throw new Error(`There is no intent ${intentId}`);
    const { userId, requestId } = state.opened;
    const envelope = {
      actor: { type: 'user', id: userId },
      occurredAt: this.clock.now(),
      requestId,
    } as const;
    await this.store.transact(organizationId, envelope, (unit) => work(unit, state.opened));
  }

  /** Not once the customer for whom Stripe was asked is deleted there: what the order did is gone with it, and is not done twice. */
  private async isFor(customerId: string, state: Exclude<Intent, { status: 'absent' }>): Promise<boolean> {
    if (state.status === 'completed') return state.customerId === customerId;
    const { organizationId, intentId } = state.opened;
    const [row] = await this.database.forOrganization(organizationId, (sql) =>
      sql.query<{ customer_id: string }>(
        'update intent set customer_id = coalesce(customer_id, $2) where intent_id = $1 returning customer_id',
        [intentId, customerId],
      ),
    );
    // Without a row it was finished meanwhile, for the customer that there is.
    return row === undefined || row.customer_id === customerId;
  }

  /** So that the request that opened it does not set aside what another try may have carried out (`setAside`). */
  private async noteTry(organizationId: string, intentId: string): Promise<void> {
    await this.database.forOrganization(organizationId, (sql) =>
      sql.query('update intent set tries = greatest(tries, 1) where intent_id = $1 and due_at is not null', [
        intentId,
      ]),
    );
  }

  private load(organizationId: string, intentId: string): Promise<Intent> {
    const envelope = {
      actor: { type: 'service', id: 'billing' },
      occurredAt: this.clock.now(),
      requestId: null,
    } as const;
    return this.store.transact(
      organizationId,
      envelope,
      async (unit) => (await unit.load(intentAggregate, intentId)).state,
    );
  }

  private ageOf({ openedAt }: Opened): number {
    return this.clock.now().getTime() - Date.parse(openedAt);
  }
}
