import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, type Transaction } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  LOGGER,
  type RejectionProblem,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { money, moneyOf } from '../stripe/money.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { shownTime } from '../persistence/shown-time.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { PriceRow } from './price.entity.js';

const intervals = ['day', 'week', 'month', 'year'] as const;

export const price = z
  .strictObject({
    priceId: z.string(),
    product: z.string().describe('Product name'),
    unitPrice: money.describe('Price of one unit for each payment'),
    interval: z.enum(intervals).describe('Unit of the interval'),
    intervalCount: z.int().describe('Number of intervals between two payments'),
    observedAt: z.iso.datetime().describe('When billing last read this from Stripe'),
  })
  .meta({
    id: 'Price',
    examples: [
      {
        priceId: 'price_1Pq2xK2eZvKYlo2C',
        product: 'Team',
        unitPrice: { amount: 1900, currency: 'EUR', decimals: 2 },
        interval: 'month',
        intervalCount: 1,
        observedAt: '2026-11-29T05:00:00.000Z',
      },
    ],
  });
type Price = z.infer<typeof price>;

/** Injection token: ids of the prices that are sold. */
export const PRICE_IDS = Symbol('price-ids');

const CHECK_MS = 300_000;
const RETRY_MS = 5_000;

export interface PriceRejection {
  readonly rejected: 'price-not-sold' | 'prices-unknown';
}

/** How a price that cannot be bought is answered. */
export const priceProblems = {
  'price-not-sold': ['rejected', 'This price is not sold', '/priceId'],
  'prices-unknown': ['unavailable', 'Stripe is unavailable; nothing was ordered'],
} as const satisfies Record<PriceRejection['rejected'], RejectionProblem>;

/**
 * What can be bought: the configured prices, as Stripe last said they are. They are checked in the background and kept in the database, so a
 * start needs no Stripe.
 */
@Injectable()
export class PriceCatalog implements OnApplicationBootstrap {
  private readonly known = new Map<string, Price>();
  private checked = false;

  constructor(
    @Inject(PRICE_IDS) private readonly ids: readonly string[],
    private readonly database: Database,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn' | 'error'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.load();
    // Nothing is sold here.
    if (this.stripe.settings.key === undefined) return;
    const step = async (): Promise<number> => {
      if (!(await this.check())) throw new Error('Prices could not be read from Stripe');
      return 0;
    };
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'The prices could not be checked; retrying');
    this.background.add(follow(step, { idle: CHECK_MS, retry: RETRY_MS, onError }));
  }

  /** In the order of the configuration. */
  list(): readonly Price[] {
    return this.ids.flatMap((id) => this.known.get(id) ?? []);
  }

  /** @returns why the price cannot be bought, if so */
  refusal(priceId: string): PriceRejection | null {
    if (this.known.has(priceId)) return null;
    // Until Stripe was heard once, a configured price may be sold or not.
    const isDecided = this.checked || !this.ids.includes(priceId);
    return { rejected: isDecided ? 'price-not-sold' : 'prices-unknown' };
  }

  /** Who has a price keeps it: more or less of it can be had also where it is not sold any more. */
  refusalOfChange(from: string, to: string): PriceRejection | null {
    return from === to ? null : this.refusal(to);
  }

  currencyOf(priceId: string): string | undefined {
    return this.known.get(priceId)?.unitPrice.currency;
  }

  /** @returns whether every price was heard of; those that were not stay as they are known */
  async check(): Promise<boolean> {
    let complete = true;
    for (const id of this.ids) {
      const answer = await this.stripe.background.read((stripe, options) =>
        stripe.prices.retrieve(id, { expand: ['product'] }, options),
      );
      if (isFailed(answer) && answer.failed === 'unavailable') complete = false;
      else await this.keep(id, isFailed(answer) ? undefined : answer);
    }
    this.checked ||= complete;
    return complete;
  }

  private async load(): Promise<void> {
    const rows = await this.database.asWorker(async (transaction) =>
      (await transaction.entityManager()).find(PriceRow, { priceId: { $in: [...this.ids] } }),
    );
    for (const { priceId, product, unitAmount, currency, interval, intervalCount, observedAt } of rows)
      this.known.set(priceId, {
        ...{ priceId, product, interval, intervalCount },
        unitPrice: moneyOf(unitAmount, currency),
        observedAt: shownTime(observedAt),
      });
  }

  private async keep(id: string, found: Stripe.Price | undefined): Promise<void> {
    const sold = found && this.soldAs(found);
    if (sold) {
      this.known.set(id, sold);
      const { unitPrice, ...rest } = sold;
      const row = { ...rest, unitAmount: unitPrice.amount, currency: unitPrice.currency };
      await this.inRegister((entityManager) => entityManager.upsert(PriceRow, row));
    } else {
      this.known.delete(id);
      await this.inRegister((entityManager) => entityManager.nativeDelete(PriceRow, { priceId: id }));
      this.logger.error(
        { object: id },
        'A price of VOUCHSAFE_BILLING_PRICES is not sold: it is unknown, archived, of another mode, or not a fixed price per unit and period',
      );
    }
  }

  private inRegister(
    work: (entityManager: Awaited<ReturnType<Transaction['entityManager']>>) => Promise<unknown>,
  ): Promise<unknown> {
    return this.database.asWorker(async (transaction) => work(await transaction.entityManager()));
  }

  private soldAs({ id, active, livemode, unit_amount, currency, recurring, product }: Stripe.Price) {
    const isSold = active && livemode === this.stripe.settings.livemode && unit_amount !== null && recurring;
    if (!isSold || recurring.usage_type !== 'licensed') return undefined;
    if (typeof product === 'string' || product.deleted || !product.active) return undefined;
    const interval = z.enum(intervals).safeParse(recurring.interval);
    if (!interval.success) return undefined;
    return {
      priceId: id,
      product: product.name,
      unitPrice: moneyOf(unit_amount, currency),
      interval: interval.data,
      intervalCount: recurring.interval_count,
      observedAt: this.clock.now().toISOString(),
    };
  }
}
