import type { DepartingMessage } from '@vouchsafe/event-store';
import { openJwe, sealJwe, type TransitKey } from '@vouchsafe/vault';
import type { OutgoingMessage } from './bus.js';
import { type ArrivedFact, factMessage, type SealedFact } from './cloud-events.js';

/**
 * A fact as it crosses the bus. One that says anything of a person is a single JWE; which fact it is stands in the protected
 * header as well, so that it opens in no other message's place. Others stay plain CloudEvents.
 */
export function busMessage(fact: DepartingMessage): OutgoingMessage {
  const message = factMessage(fact);
  if (fact.publication.contract.personal.length === 0) return message;
  const { id, key } = fact.transitKey;
  const place = { ce_id: fact.id, ce_type: fact.publication.contract.type, ce_time: fact.time.toISOString() };
  return {
    ...message,
    headers: { ...message.headers, 'content-type': 'application/jose', ce_transitkey: id },
    value: sealJwe(key, { cty: 'json', kid: id, ...place }, message.value),
  };
}

/** @returns undefined where the message is not what the key's holder sealed, where it was put, for this organization */
export function openFact(
  sealed: SealedFact,
  { id, organizationId, key }: TransitKey,
): ArrivedFact | undefined {
  const opened = openJwe(key, sealed.value);
  if (!opened) return undefined;
  const { header, plaintext } = opened;
  const { source, lane, number, transitKey, ...fact } = sealed;
  const isInPlace =
    header.kid === id &&
    header.ce_id === fact.id &&
    header.ce_type === fact.type &&
    header.ce_time === fact.time.toISOString() &&
    fact.id === `${source}/${lane}/${number}` &&
    fact.organizationId === organizationId &&
    transitKey === id;
  return isInPlace ? { ...fact, source, lane, number, kind: 'fact', value: plaintext } : undefined;
}
