import type { Sql } from '@vouchsafe/database';
import type { TransitKey, Vault } from '@vouchsafe/vault';
import { isPublished, type LaneMessage, type Publishing, type RemovedFact } from './publishing.js';
import type { EventRow } from './recorded-event.js';

/** A fact on its way to the bus, with the key that seals it there if it says anything of a person. */
export interface DepartingMessage extends LaneMessage {
  readonly transitKey: TransitKey;
}

/** By organization; asked for before the events are opened, in the transaction that opens them (ADR 0032). */
export function transitKeysFor(
  sql: Sql,
  { vault, publishing }: { readonly vault: Vault; readonly publishing: readonly Publishing[] },
  rows: readonly Pick<EventRow, 'organization_id' | 'type'>[],
): Promise<ReadonlyMap<string, TransitKey>> {
  const published = rows.filter(({ type }) => isPublished(publishing, type));
  return vault.todaysTransitKeys(sql, [...new Set(published.map((row) => row.organization_id))]);
}

/** Of an organization without a transit key, whose data is deleted (P31), nothing goes out any more. */
export function departing(
  message: LaneMessage,
  transitKeys: ReadonlyMap<string, TransitKey>,
): DepartingMessage | RemovedFact {
  const transitKey = transitKeys.get(message.key);
  if (transitKey) return { ...message, transitKey };
  const { source, lane, number } = message;
  return { source, lane, number, isRemoved: true };
}
