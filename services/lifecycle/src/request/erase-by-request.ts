/** @promise P10 an erasure is previewed, approved as previewed, and begins: identity's erasure carries it out */
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  Ids,
  organizationOf,
} from '@vouchsafe/service-host';
import { canonicalJson } from '@vouchsafe/transparency-log';
import { z } from 'zod';
import type { DataRequestRejection } from './data-request.decider.js';
import { type DataRequestView, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';
import { People } from './people.js';
import { previewItem, type PreviewItem } from './preview.js';

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the `hash` of a preview')
  .describe('SHA-256 of the items, in hexadecimal digits');

export const erasurePreview = z
  .strictObject({
    hash: hash.describe('Of this preview; the approval names it'),
    items: z.array(previewItem).describe('Each store that says something of the person, service by service'),
  })
  .meta({ id: 'ErasurePreview' });
export type ErasurePreview = z.infer<typeof erasurePreview>;

export const approval = z
  .strictObject({ hash: hash.describe('`hash` of the preview that you have read') })
  .meta({
    id: 'ErasureApproval',
    examples: [{ hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }],
  });

export type ErasingRejection =
  DataRequestRejection | { readonly rejected: 'last-owner' | 'already-requested' | 'unknown-person' };

@Injectable()
export class EraseByRequest {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly people: People,
    private readonly requests: DataRequests,
  ) {}

  /** What is there at this moment; the request remembers it, for the approval. */
  async preview(caller: Caller, id: string): Promise<ErasurePreview | ErasingRejection> {
    const items = await this.itemsOf(caller, id);
    if ('rejected' in items) return items;
    const hashed = hashOf(items);
    const at = this.clock.now();
    return this.store.transact(organizationOf(caller), envelopeOf(caller, at), async (unit) => {
      const done = await this.requests.execute(unit, id, { type: 'scope', hash: hashed, items });
      return 'rejected' in done ? done : { hash: hashed, items };
    });
  }

  /** Nobody can undo what follows: a recent proof is asked for. */
  async approve(
    caller: Caller,
    id: string,
    { hash: approved }: z.output<typeof approval>,
  ): Promise<DataRequestView | ErasingRejection> {
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const now = await this.itemsOf(caller, id);
    if ('rejected' in now) return now;
    return this.store.transact(organizationOf(caller), envelopeOf(caller, at), async (unit) => {
      const erasureId = this.ids.newId();
      const done = await this.requests.execute(unit, id, { type: 'approve', hash: approved, now, erasureId });
      return 'rejected' in done ? done : viewOf(done.state, at, []);
    });
  }

  private async itemsOf(caller: Caller, id: string): Promise<PreviewItem[] | ErasingRejection> {
    const state = await this.requests.load(caller, id);
    if (state.kind !== 'erasure' || (state.status !== 'accepted' && state.status !== 'scoped'))
      return { rejected: 'wrong-state' };
    if (state.userId === null) return { rejected: 'no-account' };
    const organizationId = organizationOf(caller);
    const person = await this.people.find(organizationId, state.userId satisfies UserId);
    if (person.status === 'unknown') return { rejected: 'unknown-person' };
    if (person.isErased) return { rejected: 'already-requested' };
    if (person.isLastOwner) return { rejected: 'last-owner' };
    return this.people.previewErasure(organizationId, state.userId, person.subjects);
  }
}

/** What an approval names: whoever approves has seen exactly this. */
function hashOf(items: readonly PreviewItem[]): string {
  const json = canonicalJson(items.map((item) => ({ ...item })));
  return createHash('sha256').update(json).digest('hex');
}
