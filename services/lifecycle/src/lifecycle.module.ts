import { type DynamicModule, Module } from '@nestjs/common';
import {
  ErasureModule,
  type PersonRemoval,
  PERSON_REMOVAL,
  type HostConfig,
  PersistenceModule,
} from '@vouchsafe/service-host';
import type { LifecycleConfig } from './lifecycle.config.js';
import { lifecyclePublishing } from './lifecycle.publishing.js';
import { Operator } from './organization/operator.js';
import { OrganizationRow } from './organization/organization.entity.js';
import { lifecycleMigrations } from './persistence/migrations.js';
import { OrganizationsController } from './reactions/organizations.controller.js';
import { TerminationsController } from './reactions/terminations.controller.js';
import { BACKUP_POLICY, backupPolicy } from './termination/backup-policy.js';
import { ChangeTermination } from './termination/change-termination.js';
import { FollowTime } from './termination/follow-time.js';
import { ReadTermination } from './termination/read-termination.js';
import { TerminationController } from './termination/termination.controller.js';

/** The keys cover everything that is stored about a person: there is nothing else to remove (P10). */
const removal: PersonRemoval = { remove: () => Promise.resolve() };

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
          entities: [OrganizationRow],
          publishing: lifecyclePublishing,
        }),
        ErasureModule.for(config),
      ],
      controllers: [TerminationController, OrganizationsController, TerminationsController],
      providers: [
        { provide: BACKUP_POLICY, useValue: backupPolicy(config) },
        Operator,
        ReadTermination,
        ChangeTermination,
        FollowTime,
        { provide: PERSON_REMOVAL, useValue: removal },
      ],
    };
  }
}
