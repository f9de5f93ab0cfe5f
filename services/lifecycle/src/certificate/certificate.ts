/** @promise P31 what a certificate of deletion says; an incomplete one cannot be made */
import { canonicalJson } from '@vouchsafe/transparency-log';
import type { Expired, PurgeReceipt } from '../purge/purge.decider.js';

/** An entry of the operator's log with its proof. */
export interface LoggedFact {
  readonly operation: string;
  /** base64 */
  readonly leaf: string;
  /** c2sp.org/tlog-proof */
  readonly proof: string;
}

export interface CertificateLog {
  readonly origin: string;
  readonly vkey: string;
}

/** A legal hold that stood in the way of the deletion. */
export interface DelayingHold {
  readonly holdId: string;
  readonly placedAt: string;
  readonly releasedAt: string;
}

/** First line of the note; docs/formats.md has the form. */
const TITLE = 'vouchsafe deletion certificate v1';

/** What the certificate rests on and is not in the log yet: those are waited for. */
export function missingIn(facts: readonly LoggedFact[], receipts: readonly PurgeReceipt[]): string[] {
  const receiptsLogged = facts.filter(({ operation }) => operation === RECEIPT).length;
  const missing = [ERASED, EXPIRED].filter((wanted) => !facts.some(({ operation }) => operation === wanted));
  return receiptsLogged < receipts.length ? [RECEIPT, ...missing] : missing;
}

const RECEIPT = 'lifecycle.organization-erasure-receipt-received';
const ERASED = 'lifecycle.organization-erased-from-production';
const EXPIRED = 'lifecycle.organization-erased-from-backups';

/** Entries of the operator's log that a certificate carries, with their proofs. */
export const provenOperations = [RECEIPT, ERASED, EXPIRED];

/** The text that is signed: a title, and the certificate as canonical JSON in one line. */
export function certificateText(
  purge: Expired,
  holds: readonly DelayingHold[],
  { logs, proofs }: { readonly logs: readonly CertificateLog[]; readonly proofs: readonly LoggedFact[] },
  issuedAt: Date,
): string {
  const { erasedOrganizationId, erasureId, endedAt, cause, noticedAt, erasedAt, backups, backupPolicy } =
    purge;
  const { productionErasedBy, backupsExpiredBy } = purge;
  if (backups.recordsFrom === undefined) throw new Error('It is not known from when backups were recorded');
  const certificate = {
    ...{ format: 'vouchsafe-deletion-certificate', version: 1 },
    ...{ organizationId: erasedOrganizationId, erasureId, issuedAt: issuedAt.toISOString() },
    end: { cause, endedAt, noticedAt },
    deadlines: { productionErasedBy, backupsExpiredBy },
    production: { erasedAt, services: purge.receipts },
    backups: { ...backupPolicy, ...backups },
    exceptions: [
      ...(isLater(erasedAt, productionErasedBy) ? ['production-late'] : []),
      ...(isLater(backups.expiredAt, backupsExpiredBy) ? ['backups-late'] : []),
    ],
    holds,
    logs,
    proofs: proofs.map(({ leaf, proof }) => ({ leaf, proof })),
  };
  return `${TITLE}\n${canonicalJson(certificate)}\n`;
}

function isLater(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}
