import type { Sql } from '@vouchsafe/database';
import type { TransitKey, Vault } from '@vouchsafe/vault';
import { isPublished, type LaneMessage, type Publishing } from './publishing.js';
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

export function departing(
  message: LaneMessage,
  transitKeys: ReadonlyMap<string, TransitKey>,
): DepartingMessage {
  const transitKey = transitKeys.get(message.key);
  if (!transitKey) throw new Error(`There is no transit key for ${message.id}`);
  return { ...message, transitKey };
}
