/** @promise P31 T0 comes from billing */
import { Controller } from '@nestjs/common';
import { billingFacts, type DataOf, identityFacts } from '@vouchsafe/contracts';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Ids } from '@vouchsafe/service-host';
import { Operator } from '../organization/operator.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { Purges } from '../purge/purges.js';
import type { Termination, TerminationCommand } from '../termination/termination.decider.js';

/** Facts about terminations: subscriptions from billing, sent emails from identity. */
@Controller()
export class TerminationsController {
  constructor(
    private readonly store: EventStore,
    private readonly operator: Operator,
    private readonly ids: Ids,
    private readonly purges: Purges,
  ) {}

  @ReactsTo(billingFacts.subscriptionStarted, { permission: 'lifecycle:write' })
  async noteStarted(
    fact: Received<DataOf<typeof billingFacts.subscriptionStarted>>,
    context: ReactionContext,
  ): Promise<void> {
    const { organizationId, status } = fact.data;
    // Billing may learn of a subscription after its end; then only `all-subscriptions-ended` counts.
    if (status === 'canceled') return;
    await this.note(fact, context, { type: 'note-subscription-started', organizationId });
  }

  @ReactsTo(billingFacts.subscriptionResumed, { permission: 'lifecycle:write' })
  async noteResumed(
    fact: Received<DataOf<typeof billingFacts.subscriptionResumed>>,
    context: ReactionContext,
  ): Promise<void> {
    const { organizationId } = fact.data;
    await this.note(fact, context, { type: 'note-subscription-resumed', organizationId });
  }

  @ReactsTo(billingFacts.allSubscriptionsEnded, { permission: 'lifecycle:write' })
  async noteEnded(
    fact: Received<DataOf<typeof billingFacts.allSubscriptionsEnded>>,
    context: ReactionContext,
  ): Promise<void> {
    const { organizationId, endedAt } = fact.data;
    await this.note(fact, context, { type: 'note-subscriptions-ended', organizationId, endedAt });
  }

  @ReactsTo(identityFacts.terminationNoticeSent, { permission: 'lifecycle:write' })
  async noteNotice(
    fact: Received<DataOf<typeof identityFacts.terminationNoticeSent>>,
    context: ReactionContext,
  ): Promise<void> {
    const { epoch, notice, sentAt } = fact.data;
    await this.note(fact, context, { type: 'note-notice-sent', epoch, notice, sentAt });
  }

  /** The point of no return: from here on the operator's organization says how it goes on, for this one's streams are deleted. */
  @ReactsTo(billingFacts.noLiveSubscriptionFound, { permission: 'lifecycle:write' })
  async commitPurge(
    fact: Received<DataOf<typeof billingFacts.noLiveSubscriptionFound>>,
    context: ReactionContext,
  ): Promise<void> {
    const { epoch, organizationId } = fact.data;
    const erasureId = this.ids.newId();
    const termination = await this.note(fact, context, {
      type: 'note-no-live-subscription',
      epoch,
      erasureId,
    });
    if (termination?.status !== 'purging' || termination.erasureId !== erasureId) return;
    const { endedAt, cause, noticedAt } = termination;
    await this.purges.begin(context.transaction, {
      ...{ erasureId, organizationId, epoch, endedAt, cause, noticedAt },
    });
  }

  private async note(
    { source, data, time, traceparent }: Received<{ readonly organizationId: string }>,
    { transaction }: ReactionContext,
    command: TerminationCommand,
  ): Promise<Termination | undefined> {
    if (this.operator.is(data.organizationId)) return undefined;
    const envelope = {
      actor: { type: 'service', id: source },
      occurredAt: time,
      requestId: null,
      ...(traceparent === undefined ? {} : { traceparent }),
    } as const;
    const noted = await this.store
      .unit(transaction, data.organizationId, envelope)
      .execute(terminationAggregate, data.organizationId, command);
    if (isRejected(noted))
      throw new Error(`A fact of ${source} about a termination was rejected: ${noted.rejected}`);
    return noted.state;
  }
}
