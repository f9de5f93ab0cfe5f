import {
  Body,
  Controller,
  type DynamicModule,
  HttpCode,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
  Post,
  type Provider,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type DataOf, identityFacts, lifecycleFacts } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { EventStore, type Follower, type Publishing } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { tombstoneFile, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { LOGGER } from '../boot.js';
import { Clock } from '../clock.js';
import type { ServiceLogger } from '../logging.js';
import { Metrics } from '../metrics.js';
import { Operation } from '../operation.js';
import { Background } from '../persistence/background.js';
import { PUBLISHING } from '../persistence/lanes.js';
import type { PersistenceConfig } from '../persistence/persistence.config.js';
import { DATA_STORES, type DataStore } from './data-store.js';
import { type PersonErasure, takeOn } from './erasure.js';
import { type HoldingOptions, startHolding } from './holding.js';
import { requestRelease, takeOnHold } from './holds.js';
import { measureHeld } from './measure-held.js';
import { libraryStores } from './library-stores.js';
import { applyTombstones, startErasing } from './erasing.js';
import { previewPerson, storePreview, type StorePreview } from './preview-person.js';
import {
  type ExpiringStore,
  expiringStores,
  previewRetention,
  retentionQuestion,
  type RetentionQuestion,
} from './preview-retention.js';
import type { ErasingOptions } from './procedure.js';
import { ReturnedDataController } from './returned-data.controller.js';

const SETTINGS = Symbol('erasure settings');
type ErasureSettings = Pick<
  PersistenceConfig,
  'VOUCHSAFE_OPERATOR_ORGANIZATION_ID' | 'VOUCHSAFE_TOMBSTONE_FILE'
>;

@Injectable()
class Erasing implements OnModuleInit, OnApplicationBootstrap {
  private worker: Follower | undefined;
  private holding: Follower | undefined;

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
    private readonly metrics: Metrics,
  ) {}

  /** Nothing listens, consumes or publishes yet. */
  onModuleInit(): Promise<void> {
    return applyTombstones(this.options());
  }

  onApplicationBootstrap(): void {
    this.worker = this.background.add(startErasing(this.options()));
    this.holding = this.background.add(startHolding(this.holdingOptions()));
    measureHeld(this.metrics, this.database);
  }

  wake(): void {
    this.worker?.wake();
  }

  wakeHolding(): void {
    this.holding?.wake();
  }

  private holdingOptions(): HoldingOptions {
    const { database, store, tombstones, now } = this.options();
    return {
      ...{ database, store, tombstones, now },
      onError: (error) => this.logger.error({ err: error }, 'A legal hold could not be confirmed; retrying'),
      onReleased: () => this.wake(),
    };
  }

  preview(erasure: PersonErasure): Promise<StorePreview[]> {
    return previewPerson(this.options(), erasure);
  }

  previewRetention(question: RetentionQuestion): Promise<ExpiringStore[]> {
    return previewRetention(this.options(), question);
  }

  private options(): ErasingOptions {
    const { database, vault, store, modules, logger, clock } = this;
    return {
      ...{ database, vault, store },
      catalogs: this.publishing.map(({ catalog }) => catalog),
      // The service's own module provides them.
      stores: [
        ...modules.get<readonly DataStore[]>(DATA_STORES, { strict: false }),
        ...libraryStores(database),
      ],
      tombstones: tombstoneFile(this.settings.VOUCHSAFE_TOMBSTONE_FILE),
      now: () => clock.now(),
      onError: (error) => logger.error({ err: error }, 'An erasure could not be carried out; retrying'),
    };
  }
}

@Controller()
class ErasureReactions {
  constructor(
    private readonly erasing: Erasing,
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: ErasureSettings,
  ) {}

  /** Each service does its own part when the fact arrives (docs/vault.md, 'Erasure'). */
  @ReactsTo(identityFacts.subjectErasureRequested, { permission: 'members:write' })
  async takeOn(
    { data }: Received<DataOf<typeof identityFacts.subjectErasureRequested>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { erasureId, organizationId, userId, subjects, occurredAt } = data;
    const operator = this.settings.VOUCHSAFE_OPERATOR_ORGANIZATION_ID;
    await takeOn(transaction, {
      ...{ of: 'person', erasureId, organizationId, userId, subjects },
      // What is logged of a customer's person in the operator's log is sealed under the operator's organization.
      organizations: [...new Set([organizationId, operator])],
      requestedAt: new Date(occurredAt),
    });
    transaction.afterCommit(() => this.erasing.wake());
  }

  /** The log goes last: until then it takes what happens on the way. */
  @ReactsTo(lifecycleFacts.organizationErasureRequested, { permission: 'members:write' })
  async takeOnOrganization(
    { data }: Received<DataOf<typeof lifecycleFacts.organizationErasureRequested>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { erasureId, organizationId, erasedOrganizationId, services, occurredAt } = data;
    if (!services.some((name) => name === this.database.service)) return;
    await takeOn(transaction, {
      ...{ of: 'organization', erasureId, organizationId, erasedOrganizationId },
      requestedAt: new Date(occurredAt),
    });
    transaction.afterCommit(() => this.erasing.wake());
  }

  /** Counts from this commit on; confirmed when whoever did not see it has ended. */
  @ReactsTo(lifecycleFacts.holdPlaced, { permission: 'holds:write' })
  async hold(
    { data }: Received<DataOf<typeof lifecycleFacts.holdPlaced>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { holdId, organizationId, heldOrganizationId, scope, occurredAt } = data;
    const placedAt = new Date(occurredAt);
    await takeOnHold(transaction, { holdId, organizationId, heldOrganizationId, scope, placedAt });
    transaction.afterCommit(() => this.erasing.wakeHolding());
  }

  @ReactsTo(lifecycleFacts.holdReleaseRequested, { permission: 'holds:write' })
  async release(
    { data }: Received<DataOf<typeof lifecycleFacts.holdReleaseRequested>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await requestRelease(transaction, data.holdId, new Date(data.occurredAt));
    transaction.afterCommit(() => this.erasing.wakeHolding());
  }
}

const person = z.strictObject({
  organizationId: z.uuid(),
  organizations: z.array(z.uuid()).min(1),
  userId: z.uuid(),
  subjects: z.array(z.uuid()).min(1),
});
const previews = z.strictObject({ stores: z.array(storePreview) });

/** What the erasure of a person would do in this service (P10); lifecycle asks before anybody approves one. */
@Controller('internal/person-previews')
class PersonPreviews {
  constructor(
    private readonly erasing: Erasing,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'person.preview-erasure',
    entity: { type: 'user', id: null },
    effect: 'read',
    summary: 'What the erasure of a person would delete, pseudonymize and keep in this service',
    answers: { 200: previews },
  })
  async preview(@Body({ schema: person }) body: z.output<typeof person>): Promise<z.output<typeof previews>> {
    const requestedAt = this.clock.now();
    // Nothing is begun: the id is nobody's.
    const stores = await this.erasing.preview({
      ...{ of: 'person', erasureId: body.userId, ...body, requestedAt },
    });
    return { stores };
  }
}

/** What a retention policy would remove of an organization in this service; lifecycle asks. */
@Controller('internal/retention-previews')
class RetentionPreviews {
  constructor(private readonly erasing: Erasing) {}

  @Post()
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'retention.preview',
    entity: { type: 'organization', id: null },
    effect: 'read',
    summary: 'What a retention policy would remove of an organization in this service',
    answers: { 200: expiringStores },
  })
  async preview(
    @Body({ schema: retentionQuestion }) question: RetentionQuestion,
  ): Promise<z.output<typeof expiringStores>> {
    return { stores: await this.erasing.previewRetention(question) };
  }
}

/**
 * A service's part of every erasure of a person (P10) and of an organization (P31), of every legal hold, and of the data that an
 * organization gets back (P30). The service provides
 * `DATA_STORES`, consumes identity's and lifecycle's facts, and publishes its receipts.
 */
@Module({})
export class DataStoresModule {
  static for(settings: ErasureSettings): DynamicModule {
    return {
      module: DataStoresModule,
      controllers: [ErasureReactions, PersonPreviews, RetentionPreviews, ReturnedDataController],
      providers: [{ provide: SETTINGS, useValue: settings }, Erasing],
    };
  }

  /** What the reaction needs in a separate program; the running service then carries the erasure out. */
  static beside(settings: ErasureSettings): Provider[] {
    const erasing: Pick<Erasing, 'wake' | 'wakeHolding'> = {
      wake: () => undefined,
      wakeHolding: () => undefined,
    };
    return [
      { provide: SETTINGS, useValue: settings },
      { provide: Erasing, useValue: erasing },
    ];
  }
}
