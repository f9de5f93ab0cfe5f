import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  Clock,
  DATA_STORES,
  DataStoresModule,
  type HostConfig,
  PersistenceModule,
} from '@vouchsafe/service-host';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { ApiKey } from './api-key/api-key.entity.js';
import { CreateApiKey } from './api-key/create-api-key.js';
import { ListApiKeys } from './api-key/list-api-keys.js';
import { RevokeApiKey } from './api-key/revoke-api-key.js';
import { AcceptDocuments } from './consent/accept-documents.js';
import { ConsentController } from './consent/consent.controller.js';
import { Consents } from './consent/consents.js';
import { LegalDocuments, legalDocuments, shippedDocuments } from './consent/legal-documents.js';
import { ListConsents } from './consent/list-consents.js';
import { PeopleController } from './data-request/people.controller.js';
import { DataInventoryController } from './data-inventory/data-inventory.controller.js';
import { BeginErasure } from './erasure/begin-erasure.js';
import { EmailsStore } from './erasure/emails-store.js';
import { ErasureController } from './erasure/erasure.controller.js';
import { RemovePerson } from './erasure/remove-person.js';
import { ReadErasure } from './erasure/read-erasure.js';
import { RequestErasure } from './erasure/request-erasure.js';
import { Housekeeping } from './housekeeping/housekeeping.js';
import type { IdentityConfig } from './identity.config.js';
import { identityPublishing } from './identity.publishing.js';
import { IdentityReturned } from './identity.returned.js';
import { identityStores } from './identity.stores.js';
import { AcceptInvitation } from './invitation/accept-invitation.js';
import { InvitationController } from './invitation/invitation.controller.js';
import { InvitePerson } from './invitation/invite-person.js';
import { ListInvitations } from './invitation/list-invitations.js';
import { RevokeInvitation } from './invitation/revoke-invitation.js';
import { EmailOutbox } from './email/email-outbox.js';
import { MailFolder } from './email/mail-folder.js';
import { SendEmails } from './email/send-emails.js';
import { AnswerChallenge } from './log-in/answer-challenge.js';
import { BeginSession } from './log-in/begin-session.js';
import { Challenges } from './log-in/challenges.js';
import { CountedProofs } from './log-in/counted-proofs.js';
import { LogInController } from './log-in/log-in.controller.js';
import { LogIn } from './log-in/log-in.js';
import { RecordFailure } from './log-in/record-failure.js';
import { ChangeRole } from './member/change-role.js';
import { EndMembership } from './member/end-membership.js';
import { ListMembers } from './member/list-members.js';
import { MemberController } from './member/member.controller.js';
import { ReadMember } from './member/read-member.js';
import { RemoveMember } from './member/remove-member.js';
import { Operator } from './operator.js';
import { ChangeOrganization } from './organization/change-organization.js';
import { OrganizationController } from './organization/organization.controller.js';
import { ReadOrganization } from './organization/read-organization.js';
import { ReadSecurityOverview } from './organization/read-security-overview.js';
import { PasswordHasher, passwordHasher } from './password/argon2.js';
import { BreachedPasswords, breachedPasswords } from './password/breached-passwords.js';
import { ChangePassword } from './password/change-password.js';
import { PasswordReplacement } from './password/password-replacement.js';
import { PasswordRules } from './password/password-rules.js';
import { PasswordController } from './password/password.controller.js';
import { RequestPasswordReset } from './password/request-password-reset.js';
import { ResetPassword } from './password/reset-password.js';
import { StoredPasswords } from './password/stored-passwords.js';
import { identityMigrations } from './persistence/migrations.js';
import { DataRequestsController } from './reactions/data-requests.controller.js';
import { ReceiptsController } from './reactions/receipts.controller.js';
import { ReturnsController } from './reactions/returns.controller.js';
import { TerminationsController } from './reactions/terminations.controller.js';
import { AuthenticatorController } from './second-factor/authenticator.controller.js';
import { BeginEnrolment } from './second-factor/begin-enrolment.js';
import { ConfirmEnrolment } from './second-factor/confirm-enrolment.js';
import { ListAuthenticators } from './second-factor/list-authenticators.js';
import { RemoveAuthenticator } from './second-factor/remove-authenticator.js';
import { RenewRecoveryCodes } from './second-factor/renew-recovery-codes.js';
import { StepUp } from './second-factor/step-up.js';
import { EndOtherSessions } from './session/end-other-sessions.js';
import { EndSession } from './session/end-session.js';
import { ListSessions } from './session/list-sessions.js';
import { ResolveCaller } from './session/resolve-caller.js';
import { ResolveController } from './session/resolve.controller.js';
import { SessionController } from './session/session.controller.js';
import { Sessions } from './session/sessions.js';
import { SignUpController } from './sign-up/sign-up.controller.js';
import { SignUp } from './sign-up/sign-up.js';
import { VerifyEmail } from './sign-up/verify-email.js';
import { RetireUnusedAccounts } from './unused-account/retire-unused-accounts.js';
import { MeController } from './user/me.controller.js';
import { ReadMe } from './user/read-me.js';
import { ReadPerson } from './user/read-person.js';
import { RenameUser } from './user/rename-user.js';

type Slice = Required<Pick<ModuleMetadata, 'controllers' | 'providers'>>;

/** What each slice answers, and what it is made of. */
const slices: Readonly<Record<string, Slice>> = {
  'sign-up': { controllers: [SignUpController], providers: [SignUp, VerifyEmail] },
  'log-in': {
    controllers: [LogInController],
    providers: [LogIn, AnswerChallenge, BeginSession, Challenges, CountedProofs, RecordFailure],
  },
  session: {
    controllers: [SessionController, ResolveController],
    providers: [ListSessions, EndSession, EndOtherSessions, ResolveCaller, Sessions],
  },
  'second-factor': {
    controllers: [AuthenticatorController],
    providers: [
      ListAuthenticators,
      BeginEnrolment,
      ConfirmEnrolment,
      RemoveAuthenticator,
      RenewRecoveryCodes,
      StepUp,
    ],
  },
  password: {
    controllers: [PasswordController],
    providers: [
      ChangePassword,
      RequestPasswordReset,
      ResetPassword,
      PasswordReplacement,
      PasswordRules,
      StoredPasswords,
    ],
  },
  consent: { controllers: [ConsentController], providers: [ListConsents, AcceptDocuments, Consents] },
  user: { controllers: [MeController], providers: [ReadMe, ReadPerson, RenameUser] },
  organization: {
    controllers: [OrganizationController],
    providers: [ReadOrganization, ChangeOrganization, ReadSecurityOverview],
  },
  member: {
    controllers: [MemberController],
    providers: [ListMembers, ReadMember, ChangeRole, RemoveMember, EndMembership],
  },
  invitation: {
    controllers: [InvitationController],
    providers: [ListInvitations, InvitePerson, AcceptInvitation, RevokeInvitation],
  },
  'api-key': { controllers: [ApiKeyController], providers: [ListApiKeys, CreateApiKey, RevokeApiKey] },
  erasure: {
    controllers: [ErasureController, ReceiptsController],
    providers: [
      BeginErasure,
      RequestErasure,
      ReadErasure,
      EmailsStore,
      RemovePerson,
      IdentityReturned,
      {
        provide: DATA_STORES,
        useFactory: identityStores,
        inject: [Database, EmailsStore, RemovePerson, IdentityReturned],
      },
    ],
  },
  email: { controllers: [], providers: [EmailOutbox, MailFolder, SendEmails] },
  'data-inventory': { controllers: [DataInventoryController], providers: [] },
  termination: { controllers: [TerminationsController, ReturnsController], providers: [] },
  'data-request': { controllers: [PeopleController, DataRequestsController], providers: [] },
  'unused-account': { controllers: [], providers: [RetireUnusedAccounts] },
  housekeeping: { controllers: [], providers: [Housekeeping] },
};

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
        DataStoresModule.for(config),
      ],
      controllers: Object.values(slices).flatMap(({ controllers }) => controllers),
      providers: [
        Operator,
        {
          provide: PasswordHasher,
          useFactory: () =>
            passwordHasher(
              { memoryKib: config.VOUCHSAFE_ARGON2_MEMORY_KIB, passes: config.VOUCHSAFE_ARGON2_PASSES },
              config.VOUCHSAFE_ARGON2_AT_ONCE,
            ),
        },
        { provide: BreachedPasswords, useFactory: () => breachedPasswords() },
        {
          provide: LegalDocuments,
          inject: [Clock],
          useFactory: (clock: Clock) =>
            legalDocuments(config.VOUCHSAFE_LEGAL_DOCUMENTS_FOLDER ?? shippedDocuments, clock.now()),
        },
        ...Object.values(slices).flatMap(({ providers }) => providers),
      ],
    };
  }
}
