import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { Vault } from '@vouchsafe/vault';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import { hasExpired } from '../log/expired-ranges.js';
import { entryAt, newestCheckpoint, proofOf, type PublishedCheckpoint } from '../log/log-reader.js';
import type { EntryLocation } from '../log/entry-location.js';
import { type EntryView, viewEntries } from './entry-view.js';

export type Proven =
  | {
      readonly status: 'proven';
      readonly entry: EntryView | undefined;
      readonly leaf: Buffer;
      readonly proof: string;
    }
  | { readonly status: 'unknown' }
  /** Its time was over (P04): of its content nothing is left. */
  | { readonly status: 'expired' }
  /** It is there, and no checkpoint could be signed over it yet. */
  | { readonly status: 'uncovered' };

/** Reads one entry with its leaf, and proves that its log holds it. */
@Injectable()
export class ProveEntry {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly signer: CheckpointSigner,
  ) {}

  async prove(organizationId: string, location: EntryLocation): Promise<Proven> {
    const row = await this.database.forOrganization(
      organizationId,
      async (sql) =>
        (await entryAt(sql, organizationId, location)) ??
        ((await hasExpired(sql, location)) ? 'expired' : 'unknown'),
    );
    if (row === 'expired' || row === 'unknown') return { status: row };
    const checkpoint = await this.checkpointOver(organizationId, location);
    if (!checkpoint) return { status: 'uncovered' };
    return this.database.forOrganization(organizationId, async (sql) => {
      const [entry] = await viewEntries(sql, this.vault, organizationId, [row]);
      const proof = await proofOf(sql, location, checkpoint);
      return { status: 'proven', entry, leaf: row.leaf, proof };
    });
  }

  /** The newest checkpoint; where the entry is younger, one is signed now. */
  private async checkpointOver(
    organizationId: string,
    { logId, index }: EntryLocation,
  ): Promise<PublishedCheckpoint | undefined> {
    const newest = () => this.database.forOrganization(organizationId, (sql) => newestCheckpoint(sql, logId));
    const covers = (one: PublishedCheckpoint | undefined) => one !== undefined && one.size > index;
    let checkpoint = await newest();
    if (!covers(checkpoint)) {
      await this.signer.sign(logId);
      checkpoint = await newest();
    }
    return covers(checkpoint) ? checkpoint : undefined;
  }
}
