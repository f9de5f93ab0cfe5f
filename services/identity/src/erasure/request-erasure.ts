/** @promise P10 takes the request, ends access, and shows how far the services are */
import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  Ids,
  problem,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { OrganizationRejection } from '../organization/organization.decider.js';
import { principalOf } from '../request.js';
import { BeginErasure } from './begin-erasure.js';
import { erasureAggregate } from './erasure.aggregate.js';
import type { ErasureRejection } from './erasure.decider.js';
import { type ErasureView, viewOf } from './erasure-view.js';

@Injectable()
export class RequestErasure {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly beginErasure: BeginErasure,
  ) {}

  /**
   * Asks every service to erase a current or former member (P10). Access ends with it; keys are destroyed by each service
   * on its own. Asked again, it is the same erasure.
   */
  async request(
    caller: Caller,
    userId: UserId,
    key: string | undefined,
  ): Promise<ErasureView | ErasureRejection | OrganizationRejection> {
    const { organizationId, userId: by } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const once = { organizationId, caller, operation: 'member.erase', key, request: { userId }, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const { state } = await unit.load(erasureAggregate, userId);
        if (state.status !== 'absent') return { body: await viewOf(unit, state, caller) };
        const known = await unit.query('select from account where user_id = $1', [userId]);
        if (known.length === 0) throw problem('not-found');
        const begun = await this.beginErasure.begin(unit, {
          organizationId,
          userId,
          erasureId: this.ids.newId(),
          by,
        });
        return 'rejected' in begun ? begun : { body: await viewOf(unit, begun.state, caller) };
      }),
    );
  }
}
