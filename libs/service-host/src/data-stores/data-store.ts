/** @promise P10, P18, P30, P31 what a service must answer of each place where it keeps customers' data */
import type { Kept, Retained, RetentionPolicyId } from '@vouchsafe/contracts';
import type { Destroying } from './destroying.js';
import type { PersonErasure } from './erasure.js';
import type { Access, Returned } from './returned.js';

/** Injection token of the service's own stores (`DataStore[]`); those of the libraries come behind them. */
export const DATA_STORES = Symbol('data stores');

/**
 * One kind of data of customers that a service keeps: where it is, and how it goes with a person and with an organization
 * (docs/lifecycle.md, 'Stores'). A place that no store has fails the service's inventory suite.
 */
export interface DataStore {
  /** Unique in its service; receipts and certificates name it. */
  readonly name: string;
  /** Tables, and settings that name folders. Each belongs to one store alone. */
  readonly places: readonly string[];
  /**
   * `sealed`: whatever it says of a person is under the person's key, which an erasure destroys; `none`: it says nothing of a person.
   * Otherwise the person is removed.
   */
  readonly person: 'sealed' | 'none' | PersonRemoval;
  /** How many of its records say something of a person, for the preview of an erasure; absent where they are not counted. */
  readonly recordsOf?: (
    person: Pick<PersonErasure, 'organizations' | 'userId' | 'subjects'>,
  ) => Promise<number>;
  /** Records about a person come by themselves, whatever anybody does: a log. More of them are nothing new to whoever approves an erasure. */
  readonly grows?: true;
  /** Why its records about a person outlive the person's erasure, where they do; the preview says it. */
  readonly keptBecause?: string;
  /**
   * What its records may be about, so that a hold on an entity or on a time does not stop what cannot be about it; absent: anything.
   * A hold on a person stops every store but those that say nothing of a person.
   */
  readonly about?: { readonly entities: readonly string[]; readonly times: boolean };
  /** What stays though the organization goes has a ground. */
  readonly organization: OrganizationRemoval | { readonly kept: Kept };
  /** Which of its records a retention policy would remove, for the preview of the policy; absent where they are not counted. */
  readonly expiring?: Expiring;
  /** The tables that the organization gets back of it (P30), or why it gets nothing. */
  readonly returned: Returned;
  /** What a person gets a copy of (P10, Articles 15 and 20 GDPR), or why nothing. */
  readonly access: Access;
}

/**
 * What a store removes for a person's erasure besides the keys, each by `destroy`, which asks the holds. Every method must be safe to repeat:
 * the process may be killed.
 */
export interface PersonRemoval {
  /** Called before the service answers requests, for an erasure that a restored database does not know. */
  recall?(erasure: PersonErasure): Promise<void>;
  /** What can only be done while the person's values still open. */
  beforeKeys?(erasure: PersonErasure, destroy: Destroying): Promise<void>;
  /**
   * Removes what no key covers. It runs when the keys are destroyed, and again when no process has them in memory any more, for what
   * was written in between. Throws while something of the person cannot be removed yet.
   */
  remove(erasure: PersonErasure, destroy: Destroying): Promise<void>;
  /** What stays of the person all the same, because it must be kept: the receipt says so. */
  retained?(erasure: PersonErasure): Promise<readonly Retained[]>;
}

/** What is at somebody else's cannot be removed now. It puts a receipt off, and never stops the start of a service. */
export class NotRemovedYetError extends Error {
  override readonly name = 'NotRemovedYetError';
}

export interface Expiring {
  readonly policy: RetentionPolicyId;
  /**
   * Records that are there and will have expired by a time.
   * @param when.months a shorter period than the one that is carried out; null for that one
   */
  count(organizationId: string, when: { readonly at: Date; readonly months: number | null }): Promise<number>;
}

/** How a store loses an organization. */
export interface OrganizationRemoval {
  /** Records of the organization that are there: the inventory before, and the probe after, which must find none. */
  count(organizationId: string): Promise<number>;
  /**
   * Removes them in transactions of bounded size, each by `destroy`, as of a person; safe to repeat. Throws while something cannot be
   * removed yet.
   */
  remove(organizationId: string, destroy: Destroying): Promise<void>;
  /** What stays outside, because it must be kept. It is asked before anything is removed. */
  retained?(organizationId: string): Promise<readonly Retained[]>;
}

export function isRemoved(
  store: DataStore,
): store is DataStore & { readonly organization: OrganizationRemoval } {
  return 'remove' in store.organization;
}

/** Those whose person's part is more than a key. */
export function personRemovals(stores: readonly DataStore[]): PersonRemoval[] {
  return stores.flatMap(({ person }) => (typeof person === 'object' ? [person] : []));
}
