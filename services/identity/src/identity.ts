import type { Database } from '@vouchsafe/database';
import type { EventStore } from '@vouchsafe/event-store';
import type { Vault } from '@vouchsafe/vault';
import type { IdentityAggregates } from './aggregates.js';
import type { LegalDocuments } from './consent/legal-documents.js';
import type { BreachedPasswords } from './password/breached-passwords.js';
import type { PasswordHasher } from './password/argon2.js';

/** What the slices of this service work with; made once, by the composition module. */
export interface Identity {
  readonly database: Database;
  readonly store: EventStore;
  readonly vault: Vault;
  readonly aggregates: IdentityAggregates;
  readonly hasher: PasswordHasher;
  readonly breached: BreachedPasswords;
  readonly documents: LegalDocuments;
  /** The operator's own organization: its members are staff, and what belongs to no customer stands in its log. */
  readonly operatorOrganizationId: string;
  /** Where letters are written, on a machine without SMTP; else null. */
  readonly mailFolder: string | null;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Called after a commit that put a letter into the outbox. */
  readonly lettersWaiting: () => void;
}

/** Injection token: `@Inject(IDENTITY) identity: Identity`. */
export const IDENTITY = Symbol('identity');
