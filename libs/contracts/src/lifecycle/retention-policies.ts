/**
 * @promise P03 what is kept for how long, and what happens to it then: one list, from which the code that carries it out reads its period
 * @promise P04, P18 the periods of the logs, and of every personal field
 */
import type { ServiceName } from '../services.js';

export type Period =
  | { readonly minutes: number }
  | { readonly hours: number }
  | { readonly days: number }
  | { readonly months: number };

export interface RetentionPolicy {
  /** The services that carry it out. */
  readonly services: readonly ServiceName[] | 'all';
  /** Tables, folders or topics. */
  readonly stores: readonly string[];
  readonly covers: string;
  /** In a sentence about a value: until when it is kept. */
  readonly kept: string;
  /** From when the period counts. Without a period an event ends it, which `kept` names. */
  readonly period: Period | null;
  readonly from: string | null;
  readonly action: 'delete' | 'anonymize' | 'destroy-key';
  readonly legalBasis: string;
  /** Bounds within which the operator can set the period; where nobody can set it, the longest that is promised. */
  readonly floor: Period | null;
  readonly ceiling: Period | null;
  /** The environment variable that sets the period. */
  readonly setting: string | null;
}

const STORAGE_LIMITATION = 'Article 5(1)(e) GDPR: kept no longer than is necessary';
const ERASURE = 'Article 17(1) GDPR: erased when the person asks, or when it is no longer needed';
const PROCESSOR_END = 'Article 28(3)(g) GDPR: deleted after the end of the service';

/** P03's figure, where no promise has a shorter one. */
const PROMISED = { months: 12 } as const;
const FIXED = { floor: null, ceiling: PROMISED, setting: null } as const;
const UNTIL_EVENT = { period: null, from: null, floor: null, ceiling: null, setting: null } as const;

/**
 * Only what is carried out stands here: a suite (tools/rules/retention-policies.spec.ts) finds the code that reads each period. Ids are
 * part of the API.
 */
export const retentionPolicies = {
  'sealed-events': {
    ...UNTIL_EVENT,
    services: 'all',
    stores: ['event'],
    covers: 'personal values of events',
    kept: "until the subject's key is destroyed or, where nobody is known, the organization's data is deleted",
    action: 'destroy-key',
    legalBasis: ERASURE,
  },
  'bus-messages': {
    services: 'all',
    stores: ['topics of the bus', 'vault_transit_key'],
    covers: 'facts on their way between services, and the keys that open them',
    kept: '7 days at most',
    period: { days: 7 },
    from: 'the end of the day on which a message was sealed',
    action: 'destroy-key',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'dead-letters': {
    ...UNTIL_EVENT,
    services: 'all',
    stores: ['dead_letter'],
    covers: 'facts that a service could not take',
    kept: 'until it is replayed or discarded, or the person is erased',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
  },
  'idempotency-keys': {
    services: 'all',
    stores: ['idempotency_key'],
    covers: 'answers that are kept for repeated requests',
    kept: 'a day, or until the person who asked is erased',
    period: { hours: 24 },
    from: 'the request',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'open-entries': {
    ...UNTIL_EVENT,
    services: ['gateway'],
    stores: ['open_entry'],
    covers: 'entries of the access log whose request is under way',
    kept: 'until the request is answered, or another instance has closed the entry',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
  },
  people: {
    ...UNTIL_EVENT,
    services: ['identity'],
    stores: ['account', 'consent', 'invitation'],
    covers: 'accounts, invitations, and where legal documents were accepted from',
    kept: 'until the person is erased',
    action: 'destroy-key',
    legalBasis: ERASURE,
  },
  credentials: {
    ...UNTIL_EVENT,
    services: ['identity'],
    stores: ['email_address', 'password', 'authenticator', 'recovery_code'],
    covers: 'what a person logs in with',
    kept: 'until the person leaves or is erased',
    action: 'delete',
    legalBasis: ERASURE,
  },
  'unverified-sign-ups': {
    services: ['identity'],
    stores: ['account', 'consent', 'password', 'organization', 'event'],
    covers: 'sign-ups whose email address nobody verified',
    kept: '7 days where the address is not verified',
    period: { days: 7 },
    from: 'the sign-up',
    action: 'destroy-key',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'unused-accounts': {
    services: ['identity'],
    stores: ['account', 'consent', 'email_address', 'password', 'authenticator', 'recovery_code', 'event'],
    covers: 'accounts that nobody uses, except that of the last owner of an organization',
    kept: '12 months after the last use',
    period: { months: 12 },
    from: 'the day of the last log-in, or of the last request of a session or API key of the person',
    action: 'anonymize',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'unused-invitations': {
    services: ['identity'],
    stores: ['invitation', 'event'],
    covers: 'people who were invited and never joined',
    kept: "7 days after the link's end where nobody joins",
    period: { days: 7 },
    from: "the end of the invitation's link",
    action: 'destroy-key',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'ended-sessions': {
    services: ['identity'],
    stores: ['session', 'link_token', 'log_in_challenge', 'email', 'VOUCHSAFE_MAIL_FOLDER'],
    covers: 'sessions, links and log-ins that have ended, and which emails were sent',
    kept: '30 days after the end',
    period: { days: 30 },
    from: 'the end of the session, link or log-in, or the sending of the email',
    action: 'delete',
    legalBasis: 'Article 6(1)(f) GDPR: complaints and attacks are looked into',
    ...FIXED,
  },
  'waiting-emails': {
    ...UNTIL_EVENT,
    services: ['identity'],
    stores: ['email'],
    covers: 'address and content of emails that wait to be sent',
    kept: 'until the email is sent',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
  },
  'log-in-attempts': {
    services: ['identity'],
    stores: ['attempt_limit'],
    covers: 'counts of attempts to log in, by keyed hash',
    kept: '15 minutes (removed within an hour), or until a log-in succeeds',
    period: { minutes: 15 },
    from: 'the first attempt',
    action: 'delete',
    legalBasis: 'Article 6(1)(f) GDPR: passwords cannot be guessed',
    ...FIXED,
  },
  'email-counts': {
    services: ['identity'],
    stores: ['email_limit'],
    covers: 'counts of emails to an address, by keyed hash',
    kept: 'an hour; removed within another hour',
    period: { hours: 1 },
    from: 'the first email',
    action: 'delete',
    legalBasis: 'Article 6(1)(f) GDPR: nobody fills the mailbox of another',
    ...FIXED,
  },
  'audit-log': {
    services: ['audit'],
    stores: ['entry', 'disclosure', 'submission'],
    covers: 'entries of the audit log; the hashes of their leaves stay, so that proofs still verify',
    kept: "12 months, or until the subject's key is destroyed",
    period: { months: 12 },
    from: 'the recording of the entry',
    action: 'delete',
    legalBasis:
      'Article 6(1)(f) GDPR: fraud is investigated and prevented, and important events can be traced',
    floor: { months: 1 },
    ceiling: { months: 12 },
    setting: 'VOUCHSAFE_AUDIT_RETENTION_MONTHS',
  },
  'forensic-exports': {
    services: ['audit'],
    stores: ['export', 'export_subject', 'VOUCHSAFE_FILES_FOLDER'],
    covers: 'forensic exports: the bundle, and the filter and reason that were given',
    kept: 'until the bundle expires, 7 days after it is ready',
    period: { days: 7 },
    from: 'the moment at which the bundle is ready',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'stripe-events': {
    services: ['billing'],
    stores: ['inbox'],
    covers: 'numbers of Stripe’s events, where a key of Stripe is configured',
    kept: '40 days after an event came, so that none is taken twice',
    period: { days: 40 },
    from: 'the arrival of the event',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'ended-organizations': {
    services: 'all',
    stores: ['every store that an organization has'],
    covers: 'the data of an organization that has ended (docs/lifecycle.md, ‘The purge’)',
    kept: "until the organization's data is deleted, 210 days after its end at most",
    period: { days: 210 },
    from: 'the end of the organization; nothing is deleted before day 120',
    action: 'delete',
    legalBasis: PROCESSOR_END,
    floor: { days: 120 },
    ceiling: { days: 210 },
    setting: null,
  },
  'database-backups': {
    services: ['lifecycle'],
    stores: ['backups that `npm run backup` made'],
    covers: 'copies of the databases and files; `npm run backup -- expire` deletes those that are due',
    kept: 'as long as the operator keeps backups',
    period: { days: 30 },
    from: 'the beginning of the next newer backup',
    action: 'delete',
    legalBasis: 'Article 32(1)(c) GDPR: access can be restored after an incident',
    floor: { days: 1 },
    ceiling: null,
    setting: 'VOUCHSAFE_BACKUPS_KEPT_DAYS',
  },
  attachments: {
    ...UNTIL_EVENT,
    services: ['lifecycle'],
    stores: ['attachment', 'VOUCHSAFE_FILES_FOLDER', 'VOUCHSAFE_ATTACHMENT_BUCKET'],
    covers: 'files of organizations',
    kept: 'until the file is deleted',
    action: 'delete',
    legalBasis: PROCESSOR_END,
  },
  'unknown-bodies': {
    services: ['lifecycle'],
    stores: ['unknown_body', 'VOUCHSAFE_FILES_FOLDER', 'VOUCHSAFE_ATTACHMENT_BUCKET'],
    covers: 'files that no attachment names, after a restore',
    kept: '30 days after it was found',
    period: { days: 30 },
    from: 'the day on which the file was found',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'return-archives': {
    services: ['lifecycle'],
    stores: ['data_return', 'return_part'],
    covers:
      'archives of an organization’s data, which its owners download, and of a person’s, which answer a request',
    kept: '30 days after the archive is ready; a person’s until the person is erased, if that is earlier',
    period: { days: 30 },
    from: 'the moment at which the archive is ready',
    action: 'delete',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'unconfirmed-requests': {
    services: ['lifecycle'],
    stores: ['data_request'],
    covers: 'requests of data subjects from outside whose address nobody confirmed',
    kept: 'until the address is confirmed, 48 hours at most',
    period: { days: 2 },
    from: 'the receipt of the request',
    action: 'destroy-key',
    legalBasis: STORAGE_LIMITATION,
    ...FIXED,
  },
  'closed-requests': {
    services: ['lifecycle'],
    stores: ['data_request', 'event'],
    covers: 'requests of data subjects, and how they were answered',
    kept: '12 months after the request is closed',
    period: { months: 12 },
    from: 'the day on which the request is closed',
    action: 'destroy-key',
    legalBasis: 'Article 5(2) GDPR: that requests were answered can be demonstrated',
    ...FIXED,
  },
} as const satisfies Readonly<Record<string, RetentionPolicy>>;

export type RetentionPolicyId = keyof typeof retentionPolicies;
export const retentionPolicyIds = Object.keys(retentionPolicies) as readonly RetentionPolicyId[];

export function isRetentionPolicy(id: string): id is RetentionPolicyId {
  return Object.hasOwn(retentionPolicies, id);
}

/** Until when data is kept, in words, a policy each. */
export function keptUnder(policies: readonly string[]): string[] {
  return policies.filter(isRetentionPolicy).map((id) => retentionPolicies[id].kept);
}
