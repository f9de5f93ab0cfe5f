/** @promise P31 checks offline that an organization's data is gone, as far as its certificate shows */
import {
  canonicalJson,
  encodeVerifierKey,
  isJsonObject,
  leafHash,
  parseTlogProof,
  parseVerifierKey,
  verifyTlogProof,
  type JsonObject,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import type { ByteSource } from '../container/zip.js';
import { check, Problem, quote, refusalOf, type Refusal } from '../problem.js';
import { checkSignature, parsedJson, readDocument, type SignedDocument } from '../signed-document.js';
import { CERTIFICATE, type Certificate } from './certificate.js';

export type CertificateVerification =
  | {
      readonly status: 'holds' | 'holds-by-its-own-keys';
      readonly certificate: Certificate;
      readonly signer: string;
    }
  | Refusal;

const FILE = CERTIFICATE.name;
const RECEIPT = 'lifecycle.organization-erasure-receipt-received';
const DAY_MS = 86_400_000;
/** What is promised (P31): days after the end. */
const DAYS = { untilPurge: 120, production: 210, backups: 300 } as const;

/**
 * Checks a certificate of deletion, whose form docs/formats.md describes, against `given` keys alone, where they are given: the key for
 * certificates, and that of the operator's log. Answers with the first thing that does not hold.
 */
export function verifyCertificate(
  source: ByteSource,
  given: readonly VerifierKey[] | undefined,
): CertificateVerification {
  try {
    const document = readDocument(source, CERTIFICATE);
    const { content: certificate, signer } = document;
    const logKeys = keysIn(certificate);
    if (given) checkSigner(document, given);
    for (const key of logKeys) checkLogKey(key, given);
    checkFacts(certificate);
    checkProofs(certificate, logKeys);
    return { status: given ? 'holds' : 'holds-by-its-own-keys', certificate, signer };
  } catch (error) {
    return refusalOf(error);
  }
}

/** The key for certificates, `<operator>/certificates`, is of the operator of the log. */
function checkSigner(document: SignedDocument<Certificate>, given: readonly VerifierKey[]): void {
  const { logs } = document.content;
  const [operator, ...others] = new Set(logs.map(({ origin }) => origin.slice(0, origin.lastIndexOf('/'))));
  check(operator !== undefined && others.length === 0, FILE, 'its logs are not of one operator');
  checkSignature(document, CERTIFICATE, `${operator}/certificates`, given);
}

function keysIn({ logs }: Certificate): VerifierKey[] {
  return logs.map(({ origin, vkey }) => {
    const parsed = parseVerifierKey(vkey);
    if ('error' in parsed) throw new Problem(FILE, `its log's key is not a verifier key: ${parsed.error}`);
    check(parsed.key.name === origin, FILE, "its log's key has another name than the log");
    return parsed.key;
  });
}

function checkLogKey(key: VerifierKey, given: readonly VerifierKey[] | undefined): void {
  const isGiven = given?.some((one) => encodeVerifierKey(one) === encodeVerifierKey(key)) ?? true;
  check(isGiven, FILE, `the key of its log ${quote(key.name)} is not among the keys that you gave`);
}

/** What it says of each service, and that its times fit each other and what is promised. */
function checkFacts(certificate: Certificate): void {
  const { end, deadlines, production, backups, exceptions, issuedAt } = certificate;
  const names = production.services.map(({ service }) => service);
  check(names.length > 0 && new Set(names).size === names.length, FILE, 'it has no services, or one twice');
  for (const { service, stores, destroyedAt, effectiveFrom } of production.services) {
    const left = stores.find((one) => one.left > 0);
    check(
      left === undefined,
      FILE,
      `${quote(service)} has ${left?.left} records left in ${quote(left?.store ?? '')}`,
    );
    const isSearched = stores.some(({ method }) => method === 'key-destroyed');
    check(isSearched, FILE, `${quote(service)} does not say that its keys are destroyed`);
    inOrder('the keys are destroyed', destroyedAt, 'no process holds them', effectiveFrom);
    inOrder(`${service} has erased`, effectiveFrom, 'production is empty', production.erasedAt);
    const earliest = after(end.endedAt, DAYS.untilPurge);
    check(
      Date.parse(destroyedAt) >= earliest,
      FILE,
      `${quote(service)} erased before day ${DAYS.untilPurge}`,
    );
  }
  inOrder('production is empty', production.erasedAt, 'the backups have expired', backups.expiredAt);
  inOrder('the backups have expired', backups.expiredAt, 'it was issued', issuedAt);
  if (backups.last) {
    inOrder('the last backup was made', backups.last.startedAt, 'it was removed', backups.last.removedAt);
    inOrder(
      'the last backup was removed',
      backups.last.removedAt,
      'the backups have expired',
      backups.expiredAt,
    );
  }
  inOrder('backups were recorded', backups.recordsFrom, 'the organization ended', end.endedAt);
  checkHolds(certificate);
  check(
    Date.parse(deadlines.productionErasedBy) <= after(end.endedAt, DAYS.production) &&
      Date.parse(deadlines.backupsExpiredBy) <= after(end.endedAt, DAYS.backups),
    FILE,
    'its deadlines are later than what is promised',
  );
  const late = [
    ...(isLater(production.erasedAt, deadlines.productionErasedBy) ? (['production-late'] as const) : []),
    ...(isLater(backups.expiredAt, deadlines.backupsExpiredBy) ? (['backups-late'] as const) : []),
  ];
  check(late.join() === exceptions.join(), FILE, 'its exceptions are not the deadlines that were missed');
}

/** A hold ends before everything is destroyed, and stood in the way only once data could be deleted. */
function checkHolds({ end, production, holds }: Certificate): void {
  for (const { holdId, placedAt, releasedAt } of holds) {
    inOrder(`hold ${quote(holdId)} was placed`, placedAt, 'it was released', releasedAt);
    inOrder(`hold ${quote(holdId)} was released`, releasedAt, 'production is empty', production.erasedAt);
    check(
      Date.parse(releasedAt) >= after(end.endedAt, DAYS.untilPurge),
      FILE,
      `hold ${quote(holdId)} ended before day ${DAYS.untilPurge} and delayed nothing`,
    );
  }
}

/** That the operator's log holds what the certificate says of each service, and of production and backups as a whole. */
function checkProofs(certificate: Certificate, keys: readonly VerifierKey[]): void {
  const { proofs, production } = certificate;
  const logged = new Map<string, JsonObject[]>();
  for (const [index, { leaf, proof }] of proofs.entries()) {
    const bytes = Buffer.from(leaf, 'base64');
    const text = Buffer.from(proof);
    const origin = originOf(text);
    const verified = verifyTlogProof(text, leafHash(bytes), origin ?? '', keys);
    const why =
      verified.status === 'bad-checkpoint'
        ? 'its checkpoint is not signed by the key of the log'
        : 'it does not show that the entry is in the log';
    check(verified.status === 'included', FILE, `proof ${index + 1}: ${why}`);
    const entry = parsedJson(bytes.toString('utf8'));
    const isEntry = isJsonObject(entry) && typeof entry.operation === 'string';
    check(isEntry, FILE, `proof ${index + 1}: its leaf is not an entry`);
    const operation = entry.operation as string;
    logged.set(operation, [...(logged.get(operation) ?? []), entry]);
  }
  for (const one of production.services) {
    const details = detailsOf(logged, RECEIPT, certificate, one.service);
    for (const name of [
      'stores',
      'keysDestroyed',
      'destroyedAt',
      'effectiveFrom',
      'kept',
      'retained',
    ] as const)
      check(
        canonicalJson(details[name] ?? null) === canonicalJson(one[name]),
        FILE,
        `${quote(one.service)} logged another ${quote(name)} than the certificate says`,
      );
  }
  const erased = detailsOf(logged, 'lifecycle.organization-erased-from-production', certificate);
  check(
    erased.erasedAt === production.erasedAt,
    FILE,
    'another time is logged at which production was empty',
  );
  const expired = detailsOf(logged, 'lifecycle.organization-erased-from-backups', certificate);
  check(
    expired.expiredAt === certificate.backups.expiredAt,
    FILE,
    'another time is logged at which the backups had expired',
  );
  check(
    expired.recordsFrom === certificate.backups.recordsFrom,
    FILE,
    'another time is logged from which backups were recorded',
  );
}

/** The log that a proof leads to: its checkpoint's first line. */
function originOf(proof: Uint8Array): string | undefined {
  const checkpoint = parseTlogProof(proof)?.checkpoint;
  return checkpoint && Buffer.from(checkpoint).toString('utf8').split('\n')[0];
}

function detailsOf(
  logged: ReadonlyMap<string, readonly JsonObject[]>,
  operation: string,
  { erasureId, organizationId }: Certificate,
  service?: string,
): JsonObject {
  const found = (logged.get(operation) ?? [])
    .map(({ details }) => details)
    .filter(isJsonObject)
    .find(
      (details) =>
        details.erasureId === erasureId &&
        details.erasedOrganizationId === organizationId &&
        (service === undefined || details.service === service),
    );
  const what = service === undefined ? quote(operation) : `${quote(operation)} of ${quote(service)}`;
  check(found !== undefined, FILE, `no proof is of ${what} about this organization`);
  return found;
}

function inOrder(first: string, earlier: string, second: string, later: string): void {
  check(!isLater(earlier, later), FILE, `by it ${first} only after ${second}`);
}

function isLater(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}

function after(time: string, days: number): number {
  return Date.parse(time) + days * DAY_MS;
}
