/** @promise P31 T0 comes from billing */
import { Controller } from '@nestjs/common';
import { billingFacts, type DataOf, identityFacts } from '@vouchsafe/contracts';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import type { TerminationCommand } from '../termination/termination.decider.js';

const live = [billingFacts.subscriptionStarted, billingFacts.subscriptionResumed];

/** What others tell of terminations: billing of subscriptions, identity of emails to the owners. */
@Controller()
export class TerminationsController {
  constructor(private readonly store: EventStore) {}

  @ReactsTo(live, { permission: 'lifecycle:write' })
  noteLive(fact: Received<DataOf<(typeof live)[number]>>, context: ReactionContext): Promise<void> {
    const { organizationId } = fact.data;
    return this.note(fact, context, { type: 'note-live-subscription', organizationId });
  }

  @ReactsTo(billingFacts.allSubscriptionsEnded, { permission: 'lifecycle:write' })
  noteEnded(
    fact: Received<DataOf<typeof billingFacts.allSubscriptionsEnded>>,
    context: ReactionContext,
  ): Promise<void> {
    const { organizationId, endedAt } = fact.data;
    return this.note(fact, context, { type: 'note-subscriptions-ended', organizationId, endedAt });
  }

  @ReactsTo(identityFacts.terminationNoticeSent, { permission: 'lifecycle:write' })
  noteNotice(
    fact: Received<DataOf<typeof identityFacts.terminationNoticeSent>>,
    context: ReactionContext,
  ): Promise<void> {
    const { epoch, notice, sentAt } = fact.data;
    return this.note(fact, context, { type: 'note-notice-sent', epoch, notice, sentAt });
  }

  private async note(
    { source, data, time, traceparent }: Received<{ readonly organizationId: string }>,
    { transaction }: ReactionContext,
    command: TerminationCommand,
  ): Promise<void> {
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
      throw new Error(`What ${source} told of a termination was rejected: ${noted.rejected}`);
  }
}
