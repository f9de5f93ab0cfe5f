import { type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { EventStore, follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  ErasureModule,
  FORGETTING,
  type HostConfig,
  Ids,
  LOGGER,
  PersistenceModule,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { identityAggregates } from './aggregates.js';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { ApiKey } from './api-key/api-key.entity.js';
import { ConsentController } from './consent/consent.controller.js';
import { legalDocuments, shippedDocuments } from './consent/legal-documents.js';
import { DataInventoryController } from './data-inventory/data-inventory.controller.js';
import { ErasureController } from './erasure/erasure.controller.js';
import { forgetPerson } from './erasure/forget-person.js';
import type { IdentityConfig } from './identity.config.js';
import { keepHouse } from './housekeeping/housekeeping.js';
import { identityPublishing } from './identity.publishing.js';
import { IDENTITY, type Identity } from './identity.js';
import { InvitationController } from './invitation/invitation.controller.js';
import { Letters } from './letter/letters.js';
import { sendDueLetters } from './letter/letter-worker.js';
import { mailerFor } from './letter/mailer.js';
import { LogInController } from './log-in/log-in.controller.js';
import { MemberController } from './member/member.controller.js';
import { OrganizationController } from './organization/organization.controller.js';
import { passwordHasher } from './password/argon2.js';
import { breachedPasswords } from './password/breached-passwords.js';
import { PasswordController } from './password/password.controller.js';
import { identityMigrations } from './persistence/migrations.js';
import { ReceiptsController } from './reactions/receipts.controller.js';
import { AuthenticatorController } from './second-factor/authenticator.controller.js';
import { ResolveController } from './session/resolve.controller.js';
import { SessionController } from './session/session.controller.js';
import { SignUpController } from './sign-up/sign-up.controller.js';
import { MeController } from './user/me.controller.js';

const CONFIGURATION = Symbol('identity configuration');

/** Sends letters beside the requests. */
@Injectable()
class LetterSending implements OnApplicationBootstrap {
  constructor(
    @Inject(IDENTITY) private readonly identity: Identity,
    @Inject(CONFIGURATION) private readonly config: IdentityConfig,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
    private readonly letters: Letters,
    private readonly background: Background,
  ) {}

  onApplicationBootstrap(): void {
    const { identity, config, logger } = this;
    const mailer = mailerFor({
      smtpUrl: config.VOUCHSAFE_SMTP_URL?.reveal(),
      folder: config.VOUCHSAFE_MAIL_FOLDER,
      from: config.VOUCHSAFE_MAIL_FROM,
    });
    if (!config.VOUCHSAFE_SMTP_URL)
      logger.info(`Letters are written to ${config.VOUCHSAFE_MAIL_FOLDER ?? ''}`);
    const worker = follow(() => sendDueLetters(identity, mailer, config.VOUCHSAFE_PUBLIC_URL, logger), {
      idle: 5000,
      retry: 5000,
      onError: (error) => logger.error({ err: error }, 'The outbox of letters could not be read'),
    });
    this.letters.onWaiting(() => worker.wake());
    this.background.add(worker);
  }
}

const HOUR_MS = 3_600_000;

/** Removes what is no longer needed, hourly. */
@Injectable()
class Housekeeping implements OnApplicationBootstrap {
  constructor(
    @Inject(IDENTITY) private readonly identity: Identity,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
    private readonly background: Background,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) => this.logger.error({ err: error }, 'Nothing could be removed');
    this.background.add(
      follow(() => keepHouse(this.identity), { idle: HOUR_MS, retry: HOUR_MS / 60, onError }),
    );
  }
}

@Module({})
export class IdentityModule {
  static with(config: IdentityConfig & HostConfig): DynamicModule {
    return {
      module: IdentityModule,
      imports: [
        PersistenceModule.for({
          service: 'identity',
          config,
          migrations: identityMigrations,
          entities: [ApiKey],
          publishing: identityPublishing,
        }),
        ErasureModule.for({
          operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
          tombstoneFile: config.VOUCHSAFE_TOMBSTONE_FILE,
        }),
      ],
      controllers: [
        SignUpController,
        LogInController,
        SessionController,
        ResolveController,
        AuthenticatorController,
        PasswordController,
        ConsentController,
        MeController,
        OrganizationController,
        MemberController,
        InvitationController,
        ApiKeyController,
        DataInventoryController,
        ErasureController,
        ReceiptsController,
      ],
      providers: [
        { provide: CONFIGURATION, useValue: config },
        Letters,
        LetterSending,
        Housekeeping,
        { provide: FORGETTING, inject: [IDENTITY], useFactory: forgetPerson },
        {
          provide: IDENTITY,
          inject: [Database, EventStore, Vault, Clock, Ids, Letters],
          useFactory: async (
            database: Database,
            store: EventStore,
            vault: Vault,
            clock: Clock,
            ids: Ids,
            letters: Letters,
          ): Promise<Identity> => ({
            database,
            store,
            vault,
            aggregates: identityAggregates(vault),
            hasher: await passwordHasher(
              { memoryKib: config.VOUCHSAFE_ARGON2_MEMORY_KIB, passes: config.VOUCHSAFE_ARGON2_PASSES },
              config.VOUCHSAFE_ARGON2_AT_ONCE,
            ),
            breached: await breachedPasswords(),
            documents: await legalDocuments(
              config.VOUCHSAFE_LEGAL_DOCUMENTS_FOLDER ?? shippedDocuments,
              clock.now(),
            ),
            operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
            mailFolder: config.VOUCHSAFE_SMTP_URL ? null : (config.VOUCHSAFE_MAIL_FOLDER ?? null),
            now: () => clock.now(),
            newId: () => ids.newId(),
            lettersWaiting: () => letters.waiting(),
          }),
        },
      ],
    };
  }
}
