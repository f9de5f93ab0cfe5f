import {
  Controller,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type DataOf, identityFacts } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { EventStore, type Follower, type Publishing } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { tombstoneFile, Vault } from '@vouchsafe/vault';
import { LOGGER } from '../boot.js';
import { Clock } from '../clock.js';
import type { ServiceLogger } from '../logging.js';
import { Background } from '../persistence/background.js';
import { PUBLISHING } from '../persistence/lanes.js';
import type { Forgetting } from './erasure.js';
import { takeOnErasure } from './erasure-reaction.js';
import { applyTombstones, type ErasingOptions, startErasing } from './erasing.js';

/** Injection token of what the service forgets besides its keys (`Forgetting`). */
export const FORGETTING = Symbol('forgetting');
const SETTINGS = Symbol('erasure settings');

interface ErasureSettings {
  /** Of what stands in the operator's log about a person of a customer. */
  readonly operatorOrganizationId: string;
  /** Where erasures are remembered outside of the database. */
  readonly tombstoneFile: string;
}

@Injectable()
class Erasing implements OnModuleInit, OnApplicationBootstrap {
  private worker: Follower | undefined;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly background: Background,
    private readonly modules: ModuleRef,
    @Inject(SETTINGS) private readonly settings: ErasureSettings,
    @Inject(PUBLISHING) private readonly publishing: readonly Publishing[],
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  /** Nothing listens, consumes or publishes yet. */
  onModuleInit(): Promise<void> {
    return applyTombstones(this.options());
  }

  onApplicationBootstrap(): void {
    this.worker = this.background.add(startErasing(this.options()));
  }

  wake(): void {
    this.worker?.wake();
  }

  private options(): ErasingOptions {
    const { database, vault, store, modules, logger, clock } = this;
    return {
      ...{ database, vault, store },
      catalogs: this.publishing.map(({ catalog }) => catalog),
      // The service's own module provides it, out of what it alone has.
      forgetting: modules.get<Forgetting>(FORGETTING, { strict: false }),
      tombstones: tombstoneFile(this.settings.tombstoneFile),
      now: () => clock.now(),
      onError: (error) => logger.error({ err: error }, 'An erasure waits'),
    };
  }
}

@Controller()
class ErasureReactions {
  constructor(
    private readonly erasing: Erasing,
    @Inject(SETTINGS) private readonly settings: ErasureSettings,
  ) {}

  @ReactsTo(identityFacts.subjectErasureRequested, { permission: 'members:write' })
  async takeOn(
    { data }: Received<DataOf<typeof identityFacts.subjectErasureRequested>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await takeOnErasure(transaction, data, this.settings.operatorOrganizationId);
    transaction.afterCommit(() => this.erasing.wake());
  }
}

/**
 * A service's part of every person's erasure (P10). The service provides `FORGETTING`, consumes identity's facts and publishes its
 * receipts.
 */
@Module({})
export class ErasureModule {
  static for(settings: ErasureSettings): DynamicModule {
    return {
      module: ErasureModule,
      controllers: [ErasureReactions],
      providers: [{ provide: SETTINGS, useValue: settings }, Erasing],
    };
  }
}
