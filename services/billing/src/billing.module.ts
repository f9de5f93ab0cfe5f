import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import {
  ErasureModule,
  type HostConfig,
  PERSON_REMOVAL,
  PersistenceModule,
  type PersonRemoval,
} from '@vouchsafe/service-host';
import type { BillingConfig } from './billing.config.js';
import { billingPublishing } from './billing.publishing.js';
import { billingMigrations } from './persistence/migrations.js';
import { PRICE_IDS, PriceCatalog } from './price/price-catalog.js';
import { PriceController } from './price/price.controller.js';
import { STRIPE_SETTINGS, StripeApi } from './stripe/stripe-api.js';
import { stripeSettings } from './stripe/stripe-settings.js';

type Slice = Required<Pick<ModuleMetadata, 'controllers' | 'providers'>>;

/** What each slice answers, and what it is made of. */
const slices: Readonly<Record<string, Slice>> = {
  price: { controllers: [PriceController], providers: [PriceCatalog] },
};

/** The keys cover everything that is stored about a person: there is nothing else to remove (P10). */
const removal: PersonRemoval = { remove: () => Promise.resolve() };

@Module({})
export class BillingModule {
  static with(config: BillingConfig & HostConfig): DynamicModule {
    return {
      module: BillingModule,
      imports: [
        PersistenceModule.for({
          service: 'billing',
          config,
          migrations: billingMigrations,
          publishing: billingPublishing,
        }),
        ErasureModule.for(config),
      ],
      controllers: Object.values(slices).flatMap(({ controllers }) => controllers),
      providers: [
        { provide: STRIPE_SETTINGS, useValue: stripeSettings(config) },
        { provide: PRICE_IDS, useValue: config.VOUCHSAFE_BILLING_PRICES },
        StripeApi,
        ...Object.values(slices).flatMap(({ providers }) => providers),
        { provide: PERSON_REMOVAL, useValue: removal },
      ],
    };
  }
}
