import type { CertificateVerification } from '../certificate/verify-certificate.js';
import type { Refusal } from '../problem.js';
import { quoted } from './shown.js';
import { verdictInPlainWords } from './verdict-words.js';

type Holding = Exclude<CertificateVerification, Refusal>;

/** What the check of a certificate found, for a person to read. */
export function certificateInPlainWords(file: string, found: Holding): string {
  return verdictInPlainWords(file, found.status, 'AGAINST THE KEY INSIDE IT', facts(found));
}

function facts({ status, certificate, signer }: Holding): string[] {
  const { organizationId, end, production, backups, exceptions, holds, issuedAt, proofs, deadlines } =
    certificate;
  const stores = production.services.flatMap((service) => service.stores);
  const found = stores.reduce((sum, store) => sum + store.found, 0);
  const keys = production.services.reduce((sum, service) => sum + service.keysDestroyed, 0);
  const retained = production.services.flatMap((service) => service.retained);
  return [
    status === 'holds'
      ? `Certificate of ${issuedAt} about organization ${quoted(organizationId)}, signed by ${quoted(signer)}.`
      : `Certificate of ${issuedAt} about organization ${quoted(organizationId)}.`,
    `The organization ended on ${end.endedAt} (${quoted(end.cause)}).`,
    `${production.services.length} services deleted ${found} records in ${stores.length} stores and destroyed ${keys} keys; a search afterwards found none.`,
    `Production was empty on ${production.erasedAt}; the deadline was ${deadlines.productionErasedBy}.`,
    backups.last
      ? `The last backup that held data was removed on ${backups.last.removedAt}; by ${backups.expiredAt} none was left. The deadline was ${deadlines.backupsExpiredBy}.`
      : `No backup held data on ${backups.expiredAt}. The deadline was ${deadlines.backupsExpiredBy}.`,
    ...retained.map(
      ({ what, ground, until }) =>
        `What stays, on the ground of ${quoted(ground)} until ${until}: ${quoted(what)}.`,
    ),
    ...holds.map(
      ({ holdId, placedAt, releasedAt }) =>
        `A legal hold delayed the deletion from ${placedAt} to ${releasedAt}: ${quoted(holdId)}.`,
    ),
    `Every backup was recorded from ${backups.recordsFrom} on.`,
    exceptions.length === 0
      ? 'Every deadline was met.'
      : `Deadlines were missed: ${exceptions.map(quoted).join(', ')}.`,
    `${proofs.length} entries of the operator's log say the same, and each is in that log, unchanged.`,
    'That nothing else of the organization existed, and how backups were listed, is the operator’s word.',
  ];
}
