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

/** Fails with both values printed when they are not the same JSON. */
function deepStrictEqual(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(sorted(actual), null, 2), JSON.stringify(sorted(expected), null, 2)];
  if (left !== right) throw new Error(`Expected ${right}\nbut got ${left}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
