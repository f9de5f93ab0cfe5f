import { type DynamicModule, Module } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { DATA_STORES, DataStoresModule, type HostConfig, PersistenceModule } from '@vouchsafe/service-host';
import type { LifecycleConfig } from './lifecycle.config.js';
import { lifecyclePublishing } from './lifecycle.publishing.js';
import { lifecycleStores } from './lifecycle.stores.js';
import { Operator } from './organization/operator.js';
import { OrganizationRow } from './organization/organization.entity.js';
import { ChangeHold } from './hold/change-hold.js';
import { HoldController } from './hold/hold.controller.js';
import { HoldRow } from './hold/hold.entity.js';
import { Holds } from './hold/holds.js';
import { KeepHolds } from './hold/keep-holds.js';
import { PlaceHold } from './hold/place-hold.js';
import { ReadHolds } from './hold/read-holds.js';
import { HoldsController } from './reactions/holds.controller.js';
import { lifecycleMigrations } from './persistence/migrations.js';
import { Purges } from './purge/purges.js';
import { OrganizationsController } from './reactions/organizations.controller.js';
import { PurgesController } from './reactions/purges.controller.js';
import { TerminationsController } from './reactions/terminations.controller.js';
import { backupPolicyProvider } from './termination/backup-policy.js';
import { ChangeTermination } from './termination/change-termination.js';
import { FollowTime } from './termination/follow-time.js';
import { ReadTermination } from './termination/read-termination.js';
import { TerminationController } from './termination/termination.controller.js';

@Module({})
export class LifecycleModule {
  static with(config: LifecycleConfig & HostConfig): DynamicModule {
    return {
      module: LifecycleModule,
      imports: [
        PersistenceModule.for({
          service: 'lifecycle',
          config,
          migrations: lifecycleMigrations,
          entities: [OrganizationRow, HoldRow],
          publishing: lifecyclePublishing,
        }),
        DataStoresModule.for(config),
      ],
      controllers: [
        ...[TerminationController, HoldController],
        ...[OrganizationsController, TerminationsController, PurgesController, HoldsController],
      ],
      providers: [
        backupPolicyProvider,
        Operator,
        ReadTermination,
        ChangeTermination,
        FollowTime,
        Purges,
        ...[Holds, KeepHolds, PlaceHold, ChangeHold, ReadHolds],
        { provide: DATA_STORES, useFactory: lifecycleStores, inject: [Database] },
      ],
    };
  }
}
