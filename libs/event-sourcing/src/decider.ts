/**
 * A decider: the whole of one aggregate's behaviour as two pure functions.
 *
 * `decide` answers a command with the events that follow, or with a rejection: a value of a closed union, never an
 * exception. `evolve` is total; its `default` branch assigns the event to `never`, so a forgotten type does not compile.
 * Time, ids and anything random come in with the command.
 */
export interface Decider<State, Command, Event extends DomainEvent, Rejection extends Rejected> {
  readonly initial: State;
  readonly decide: (state: State, command: Command) => Decision<Event, Rejection>;
  readonly evolve: (state: State, event: Event) => State;
}

/** What happened, before the store gives it a position: the type's name and its data. */
export interface DomainEvent {
  readonly type: string;
  readonly data: object;
}

/** A refusal that the caller can act on; `rejected` names the reason. */
export interface Rejected {
  readonly rejected: string;
}

export type Decision<Event extends DomainEvent, Rejection extends Rejected> = readonly Event[] | Rejection;

/** Names the four types once, so that the functions' parameters are inferred. */
export function decider<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
  definition: Decider<State, Command, Event, Rejection>,
): Decider<State, Command, Event, Rejection> {
  return definition;
}

/** Tells a rejection from a decision's events, or from what the store answers when they were appended. */
export function isRejected<Event extends DomainEvent, Rejection extends Rejected>(
  decision: Decision<Event, Rejection>,
): decision is Rejection;
export function isRejected<Value extends object>(value: Value): value is Extract<Value, Rejected>;
export function isRejected(value: object): value is Rejected {
  return 'rejected' in value;
}

/** The state after `events`, from the initial state or a known one. */
export function fold<State, Command, Event extends DomainEvent, Rejection extends Rejected>(
  { initial, evolve }: Decider<State, Command, Event, Rejection>,
  events: Iterable<Event>,
  from: State = initial,
): State {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
}

/**
 * For a stream with one type of event, where the compiler sees nothing to check.
 * @throws Error for another type: a newer release may have stored it
 */
export function assertEventType<Type extends string>(
  event: { readonly type: Type },
  type: NoInfer<Type>,
): void {
  if (event.type !== type)
    throw new Error(`Unexpected case: an event of type ${event.type} where only ${type} is known`);
}

/** For the `default` branch of a total function: reached only when a value lies about its type. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected case: ${JSON.stringify(value)}`);
}
