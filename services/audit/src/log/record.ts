/**
 * @promise P05 the audit trail of important events
 * @promise P24 records entries in a log that can be proved
 */
import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import type { Transaction } from '@vouchsafe/database';
import { Clock, CONFIG } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { type LogNaming, logName } from '../audit.config.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { insertDisclosures, sealDisclosures } from './disclosures.js';
import { LEAF_VERSION, type NewEntry } from './entry.js';
import type { FreshEntry } from './fresh-entry.js';
import { growBundles, growTrees } from './grow.js';
import { lockHeads, type LogOpening } from './heads.js';
import { insertEntries } from './insert-entries.js';
import { microseconds } from './instant.js';
import { leafOf, type LeafRejection } from './leaf-of-entry.js';
import type { EntryLocation } from './entry-location.js';
import { reservedIn, type ReservedName } from './reserved.js';
import { searchKeys, type SearchKeys } from './search-keys.js';
import { submissionOf } from './submission.js';
import { insertSubmissions, isSame, submissionKey, submissionsOf } from './submissions.js';
import { entryOfSuccession } from './successor.js';

export type RecordAnswer =
  | {
      readonly status: 'recorded';
      readonly locations: readonly EntryLocation[];
      /** Indices, among the given entries, of those that had been recorded before. */
      readonly known: ReadonlySet<number>;
      /** The entries among `known` whose person is erased: their erased values were not compared. */
      readonly partlyCompared: ReadonlySet<number>;
    }
  /** Nothing was recorded. `entry`: the index among the given entries. */
  | { readonly status: 'rejected'; readonly entry: number; readonly because: Rejection };

/** `organization-erased`: its data is deleted, or being deleted (P31). */
export type Rejection = LeafRejection | ReservedName | 'id-reused' | 'organization-erased';

/**
 * The one path into the logs. In the caller's transaction, so that consumer offsets or idempotency keys commit with it:
 * entries, leaves, right edge, tiles, keyed hashes, sealed disclosures. The head rows of the logs concerned are locked in
 * the order of their ids until commit: writers of one log wait for each other, and no two transactions can give out the
 * same index or two trees of one size.
 * A rejection leaves the transaction as it was except for the locks; the caller decides whether to continue it.
 */
@Injectable()
export class Recorder {
  private readonly months = new Set<string>();

  private readonly opening: LogOpening;

  /** @param signer is woken after the commit, because logs have grown; without one, the signer's polling finds out */
  constructor(
    private readonly vault: Vault,
    clock: Clock,
    @Inject(CONFIG) naming: LogNaming,
    @Optional() private readonly signer?: CheckpointSigner,
  ) {
    this.opening = { vault, originName: logName(naming), now: () => clock.now() };
  }

  async record(transaction: Transaction, entries: readonly NewEntry[]): Promise<RecordAnswer> {
    const organizationIds = [...new Set(entries.map((entry) => entry.organizationId))];
    const heads = await lockHeads(transaction, organizationIds, this.opening);
    const late = entries.findIndex(({ organizationId }) => !heads.has(organizationId));
    if (late >= 0) return { status: 'rejected', entry: late, because: 'organization-erased' };
    const keys = new Map<string, SearchKeys>();
    for (const organizationId of heads.keys()) {
      keys.set(organizationId, await searchKeys(this.vault, transaction, organizationId));
    }
    const known = await submissionsOf(transaction, entries, (organizationId) => found(keys, organizationId));
    const salts = freshSalts();
    const fresh: FreshEntry[] = [];
    const locations: EntryLocation[] = [];
    const repeated = new Set<number>();
    const partlyCompared = new Set<number>();
    const successions = [...heads.values()].flatMap(({ succeeds, recordedAt }) =>
      succeeds ? [entryOfSuccession(succeeds, recordedAt)] : [],
    );
    for (const [nth, entry] of [...successions, ...entries].entries()) {
      const head = found(heads, entry.organizationId);
      const key = found(keys, entry.organizationId);
      const submission = submissionOf(entry, key);
      const before = submission && known.get(submissionKey(entry.organizationId, submission.idKey));
      if (before) {
        if (!isSame(before, submission, entry))
          return { status: 'rejected', entry: nth - successions.length, because: 'id-reused' };
        locations.push(before.location);
        repeated.add(nth - successions.length);
        if ('leaf' in before.content) partlyCompared.add(nth - successions.length);
        continue;
      }
      // Asked of what is new alone: what was recorded before these names were reserved stays known.
      const reserved = reservedIn(entry);
      if (reserved) return { status: 'rejected', entry: nth - successions.length, because: reserved };
      const leaf = leafOf(entry, head.recordedAt, salts);
      if ('rejected' in leaf)
        return { status: 'rejected', entry: nth - successions.length, because: leaf.rejected };
      const location = { logId: head.logId, index: head.tree.size + head.leaves.length };
      head.leaves.push(leaf.bytes);
      locations.push(location);
      const { recordedAt } = head;
      const [recorded, occurred] = [recordedAt.toISOString(), microseconds(entry.occurredAt)];
      fresh.push({ entry, leaf, location, recordedAt, recorded, occurred, keys: key, submission });
      if (submission) {
        known.set(submissionKey(entry.organizationId, submission.idKey), {
          content: { key: submission.contentKey, leafVersion: LEAF_VERSION },
          location,
        });
      }
    }
    if (fresh.length > 0) {
      await this.ensureMonths(transaction, fresh);
      const { disclosures, ofErased } = await sealDisclosures(transaction, this.vault, fresh);
      // Pipelined: the server works on one statement while the next is written.
      await Promise.all([
        insertEntries(transaction, fresh, ofErased),
        insertDisclosures(transaction, disclosures),
        insertSubmissions(transaction, fresh, ofErased),
        growBundles(transaction, fresh),
        growTrees(transaction, [...heads.values()]),
      ]);
      transaction.afterCommit(() => this.signer?.wake());
    }
    return {
      status: 'recorded',
      locations: locations.slice(successions.length),
      known: repeated,
      partlyCompared,
    };
  }

  private async ensureMonths(transaction: Transaction, fresh: readonly FreshEntry[]): Promise<void> {
    for (const recordedAt of new Set(fresh.map((f) => f.recordedAt))) {
      const month = recordedAt.toISOString().slice(0, 7);
      if (this.months.has(month)) continue;
      await transaction.query('select ensure_entry_month($1)', [recordedAt.toISOString()]);
      transaction.afterCommit(() => this.months.add(month));
    }
  }
}

/** 128-bit salts, drawn from the system's generator 256 at a time. */
function freshSalts(): () => Uint8Array {
  let pool = Buffer.alloc(0);
  return () => {
    if (pool.length === 0) pool = randomBytes(16 * 256);
    const salt = pool.subarray(0, 16);
    pool = pool.subarray(16);
    return salt;
  };
}

function found<Value>(map: ReadonlyMap<string, Value>, key: string): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`Organization ${key} has no value in the map`);
  return value;
}
