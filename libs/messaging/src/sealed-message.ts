/** @promise P09 encrypts messages about a person on the bus */
import type { DepartingMessage } from '@vouchsafe/event-store';
import { openJwe, sealJwe, type TransitKey } from '@vouchsafe/vault';
import type { OutgoingMessage } from './bus.js';
import { type ArrivedFact, factMessage, type SealedFact } from './cloud-events.js';

/**
 * Which fact it is, and how it is to be read: these headers are in the JWE's protected header as well, so that the data of one message
 * cannot be opened in another one. Lane and number are parts of the id.
 */
const PROTECTED = ['ce_id', 'ce_type', 'ce_time', 'ce_versions'] as const;

/** A fact as it crosses the bus. One with personal fields is a single JWE; others stay plain CloudEvents. */
export function busMessage(fact: DepartingMessage): OutgoingMessage {
  const message = factMessage(fact);
  if (fact.publication.contract.personal.length === 0) return message;
  const { id, key } = fact.transitKey;
  const { headers, value } = message;
  const place: Record<string, string> = {};
  for (const name of PROTECTED) if (headers[name] !== undefined) place[name] = headers[name];
  return {
    ...message,
    headers: { ...headers, 'content-type': 'application/jose', ce_transitkey: id },
    value: sealJwe(key, { cty: 'json', kid: id, ...place }, value),
  };
}

/** @returns undefined unless the message is as the key's holder sealed it, with these headers and for this organization */
export function openFact(
  { headers, transitKey, ...sealed }: SealedFact,
  { id, organizationId, key }: TransitKey,
): ArrivedFact | undefined {
  const opened = openJwe(key, sealed.value);
  if (!opened) return undefined;
  const { header, plaintext } = opened;
  const lane = `${sealed.source}/${sealed.lane}/${sealed.number}`;
  const isInPlace =
    transitKey === id &&
    header.kid === id &&
    PROTECTED.every((name) => header[name] === headers[name]) &&
    (sealed.id === lane || sealed.id.startsWith(`${lane}/`)) &&
    sealed.organizationId === organizationId;
  return isInPlace ? { ...sealed, kind: 'fact', value: plaintext } : undefined;
}
