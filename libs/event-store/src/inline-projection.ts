import type { Transaction } from '@vouchsafe/database';
import type { DomainEvent } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import type { RecordedEvent } from './recorded-event.js';

/** @param vault seals personal values again, bound to their new place (docs/vault.md, 'Sealed values') */
type Handler<Event extends DomainEvent> = (
  transaction: Transaction,
  event: RecordedEvent<Event>,
  vault: Vault,
) => Promise<void>;

export type Handlers<Event extends DomainEvent> = {
  readonly [Type in Event['type']]?: Handler<Extract<Event, { readonly type: Type }>>;
};

export interface InlineProjection<Event extends DomainEvent> {
  readonly name: string;
  readonly on: Handlers<Event>;
}

export function inlineProjection<Event extends DomainEvent>(
  projection: InlineProjection<Event>,
): InlineProjection<Event> {
  return projection;
}

/** Applies events to a projection, in order; a type that it does not name does not concern it. */
export async function applyTo<Event extends DomainEvent>(
  on: Handlers<Event>,
  transaction: Transaction,
  events: readonly RecordedEvent<Event>[],
  vault: Vault,
): Promise<void> {
  for (const event of events) {
    const handler = on[event.type] as Handler<Event> | undefined;
    await handler?.(transaction, event, vault);
  }
}
