import 'reflect-metadata';
import type { Transaction } from '@vouchsafe/database';
import type { Reaction, Received } from '../consumer/reaction.js';
import { ReactionContext } from './reaction-context.js';
import { REACTION, type ReactionDeclaration } from './reacts-to.js';

type Handler = (payload: unknown, context: ReactionContext) => Promise<void>;

/** The `@ReactsTo` methods of a controller, for a program that runs them without a Nest application. */
export function reactionsIn(controller: object): Reaction[] {
  const methods = Object.values(
    Object.getOwnPropertyDescriptors(Object.getPrototypeOf(controller) as object),
  ).flatMap(({ value }) => (typeof value === 'function' ? [value as Handler] : []));
  return methods.flatMap((method) => {
    const declared = Reflect.getMetadata(REACTION, method) as ReactionDeclaration | undefined;
    if (!declared) return [];
    const { contracts, batch } = declared;
    return [
      {
        contracts,
        batch,
        handle: (payload: Received | readonly Received[], transaction: Transaction) =>
          method.call(controller, payload, new ReactionContext([transaction])),
      },
    ];
  });
}
