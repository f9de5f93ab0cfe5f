import { type DynamicModule, Module } from '@nestjs/common';
import {
  ErasureModule,
  type PersonRemoval,
  PERSON_REMOVAL,
  type HostConfig,
  PersistenceModule,
} from '@vouchsafe/service-host';
import type { BillingConfig } from './billing.config.js';
import { billingPublishing } from './billing.publishing.js';
import { CreateBilling } from './billing/create-billing.js';
import { BillingController } from './billing/billing.controller.js';
import { ListBillings } from './billing/list-billings.js';
import { RetireBilling } from './billing/retire-billing.js';
import { billingMigrations } from './persistence/migrations.js';

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
      controllers: [BillingController],
      providers: [CreateBilling, RetireBilling, ListBillings, { provide: PERSON_REMOVAL, useValue: removal }],
    };
  }
}
