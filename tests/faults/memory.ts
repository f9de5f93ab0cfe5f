/** An answer that a client has seen. */
export interface Answered {
  readonly requestId: string;
  readonly status: number;
  readonly code: string | null;
  readonly operation: string;
}

/** An entry that a back end has sent, known again in the log by its operation, which no other entry has. */
export interface SentEntry {
  readonly id: string;
  readonly operation: string;
}

/** A batch of entries; sent again until it is answered, or given up. */
export interface SentBatch {
  readonly organizationId: string;
  /** One sender sends one batch after the other was answered. */
  readonly sender: string;
  readonly entries: readonly SentEntry[];
  /** The entry locations of the 201; null until it came. */
  locations: readonly { readonly id: string; readonly logId: string; readonly index: number }[] | null;
}

/** What identity, audit or billing was asked to make, once, however often it was sent (one Idempotency-Key). */
export interface SentCreation {
  readonly what: 'invitation' | 'organization' | 'session' | 'export' | 'subscription';
  readonly organizationId: string | null;
  /** The id that was answered; null while there was none. */
  id: string | null;
}

/** A change without an id of its own: known by the request that was answered with success. */
export interface SentChange {
  readonly organizationId: string;
  readonly eventType: string;
  readonly requestId: string;
}

export interface SeenCheckpoint {
  readonly logId: string;
  readonly note: string;
}

/** Everything that clients know: what they sent, and what was answered. */
export interface Memory {
  readonly answered: Answered[];
  /** How many requests of each operation were never answered. */
  readonly lost: Map<string, number>;
  readonly batches: SentBatch[];
  readonly creations: SentCreation[];
  readonly changes: SentChange[];
  /** Subscriptions whose cancellation, at once, was answered with success. */
  readonly cancelled: string[];
  readonly checkpoints: SeenCheckpoint[];
}

export function emptyMemory(): Memory {
  return {
    answered: [],
    lost: new Map(),
    batches: [],
    creations: [],
    changes: [],
    cancelled: [],
    checkpoints: [],
  };
}
