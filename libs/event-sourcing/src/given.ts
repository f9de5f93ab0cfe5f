import { deepStrictEqual } from './same.js';
import { type Decider, type DomainEvent, fold, type Rejected } from './decider.js';

/**
 * Given/when/then for deciders, free of any test framework:
 * `given(user, [registered]).when(changeName).then([nameChanged])`.
 */
export function given<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
  aggregate: Decider<State, Command, Event, Rejection>,
  events: readonly Event[],
) {
  const state = fold(aggregate, events);
  return {
    when: (command: Command) => {
      const decision = aggregate.decide(state, command);
      return {
        decision,
        then: (expected: readonly Event[] | Rejection): State => {
          deepStrictEqual(decision, expected);
          return Array.isArray(decision) ? fold(aggregate, decision as readonly Event[], state) : state;
        },
      };
    },
  };
}
