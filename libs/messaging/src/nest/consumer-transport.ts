import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { Transaction } from '@vouchsafe/database';
import { isObservable, lastValueFrom } from 'rxjs';
import { type Consumer, type ConsumerOptions, startConsumer } from '../consumer/consumer.js';
import type { Reaction, Received } from '../consumer/reaction.js';
import { ReactionContext } from './reaction-context.js';
import type { ReactionDeclaration } from './reacts-to.js';

export class UndeclaredHandlerError extends Error {
  override readonly name = 'UndeclaredHandlerError';
}

/**
 * Brings facts to a service's `@ReactsTo` methods, with effects exactly once. Nest's own Kafka transport takes one message at a
 * time, tries a failing handler for ever and moves on past a missing one (docs/bus.md, 'Consumers').
 * ```ts
 * app.connectMicroservice({ strategy: new ConsumerTransport({ database, vault, bus, group, topics, fetchMissing }) });
 * ```
 */
export class ConsumerTransport extends Server implements CustomTransportStrategy {
  /** The consumer awaits each handler and sees its failure itself. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly declared: { readonly pattern: string; readonly handler: MessageHandler }[] = [];
  private consumer: Consumer | undefined;

  constructor(private readonly options: Omit<ConsumerOptions, 'reactions'>) {
    super();
  }

  /** Nest's own would chain the handlers of one pattern to run side by side; ours run in order. */
  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (!isEventHandler)
      throw new UndeclaredHandlerError(`${String(pattern)}: the bus carries facts, not questions`);
    this.declared.push({
      pattern: String(pattern),
      handler: Object.assign(handler, { isEventHandler, extras }),
    });
  }

  /** @throws UndeclaredHandlerError for a handler without a declared permission: the service does not boot (ARCHITECTURE.md, rule 4) */
  override listen(callback: (error?: unknown) => void): void {
    void this.start().then(() => callback(), callback);
  }

  override async close(): Promise<void> {
    await this.consumer?.stop();
  }

  override on(): never {
    throw new Error('The transport emits no events');
  }

  override unwrap(): never {
    throw new Error('unwrap() is not supported: use `running`');
  }

  /** The running consumer, for lag and dead letters. */
  get running(): Consumer {
    if (!this.consumer) throw new Error('The consumer has not started');
    return this.consumer;
  }

  private async start(): Promise<void> {
    this.consumer = await startConsumer({ ...this.options, reactions: reactionsOf(this.declared) });
  }
}

/** One reaction for each declared method, though Nest registers it once for each of its patterns. */
function reactionsOf(
  declared: readonly { readonly pattern: string; readonly handler: MessageHandler }[],
): Reaction[] {
  const mistakes: string[] = [];
  const methods = new Map<ReactionDeclaration, MessageHandler>();
  for (const { pattern, handler } of declared) {
    const reaction = handler.extras?.reaction as ReactionDeclaration | undefined;
    if (reaction?.permission) methods.set(reaction, handler);
    else mistakes.push(`${pattern}: a message handler without a declared permission (@ReactsTo)`);
  }
  if (mistakes.length > 0)
    throw new UndeclaredHandlerError(`The service does not boot:\n  ${mistakes.join('\n  ')}`);
  return [...methods].map(([{ contracts, batch }, handler]) => ({
    contracts,
    batch,
    handle: (payload: Received | readonly Received[], transaction: Transaction) =>
      run(handler, payload, new ReactionContext([transaction])),
  }));
}

async function run(handler: MessageHandler, payload: unknown, context: ReactionContext): Promise<void> {
  const result: unknown = await handler(payload, context);
  if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
}
