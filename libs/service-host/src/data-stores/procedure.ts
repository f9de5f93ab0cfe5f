import type { Database } from '@vouchsafe/database';
import type { EventCatalog } from '@vouchsafe/event-sourcing';
import type { EventStore } from '@vouchsafe/event-store';
import type { OutsideTombstones, Vault } from '@vouchsafe/vault';
import { type DataStore, NotRemovedYetError } from './data-store.js';
import type { Destroy } from './destroying.js';
import type { Erasure, InHand } from './erasure.js';

export interface ErasingOptions {
  readonly database: Database;
  readonly vault: Vault;
  readonly store: EventStore;
  /** Of every event that the service stores. */
  readonly catalogs: readonly EventCatalog[];
  readonly tombstones: OutsideTombstones;
  /** Every one of the service, its own and those of the libraries. */
  readonly stores: readonly DataStore[];
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** Milliseconds after which the lease of an erasure is renewed, again and again while it is worked on: 5,000, where nothing is said. */
  readonly renewEvery?: number;
  /** Where nothing is said, it is thrown. */
  readonly notRemovedYet?: (error: NotRemovedYetError) => void;
  /** `askingHolds`, where nothing is said. */
  readonly destroying?: Destroy;
}

/** How a service erases a person, or an organization. Every step may be repeated, and is durable before the next. */
export interface Procedure<Of extends Erasure> {
  /** The tombstone outside of the database, what must go before the keys, and the keys. @throws HeldError */
  destroy(erasure: InHand<Of>): Promise<void>;
  /** What no key covers. @throws HeldError */
  remove(erasure: InHand<Of>): Promise<void>;
  /** Looks for what may be left, when no process holds an opened key any more, and gives the receipt. */
  complete(erasure: InHand<Of>): Promise<void>;
}

/** @throws unless the caller goes on without what cannot be removed yet */
export function putOff({ notRemovedYet }: ErasingOptions, error: unknown): void {
  if (!notRemovedYet || !(error instanceof NotRemovedYetError)) throw error;
  notRemovedYet(error);
}
