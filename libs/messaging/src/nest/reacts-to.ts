import { applyDecorators, Catch, type RpcExceptionFilter, SetMetadata, UseFilters } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { Contract, DataOf } from '@vouchsafe/contracts';
import { type Observable, throwError } from 'rxjs';
import type { Received } from '../consumer/reaction.js';
import type { ReactionContext } from './reaction-context.js';

/** Metadata key of a declared message handler; a handler without it stops the boot (ARCHITECTURE.md, rule 4; P02). */
export const REACTION = 'vouchsafe:reaction';

export interface ReactionDeclaration {
  readonly contracts: readonly Contract[];
  /** What the handler is allowed to do, as a route declares it. */
  readonly permission: string;
  /** Takes consecutive facts as one array. */
  readonly batch: boolean;
}

type Handler<Payload> = (payload: Payload, context: ReactionContext) => Promise<void>;
type HandlerDecorator<Payload> = <Method extends Handler<Payload>>(
  target: object,
  name: string | symbol,
  method: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Makes a controller's method the reaction to facts of other services:
 * ```ts
 * @ReactsTo(userRegistered, { permission: 'audit:write' })
 * async record(fact: Received<DataOf<typeof userRegistered>>, { transaction }: ReactionContext) { ... }
 * ```
 * An ordinary `@EventPattern` on the contracts' types. The method's effects go through the context's transaction; what it throws
 * reaches the consumer, which retries and then sets the fact aside.
 */
export function ReactsTo<C extends Contract>(
  contracts: C | readonly C[],
  declaration: { readonly permission: string; readonly batch: true },
): HandlerDecorator<readonly Received<DataOf<C>>[]>;
export function ReactsTo<C extends Contract>(
  contracts: C | readonly C[],
  declaration: { readonly permission: string; readonly batch?: false },
): HandlerDecorator<Received<DataOf<C>>>;
export function ReactsTo(
  contracts: Contract | readonly Contract[],
  { permission, batch = false }: { readonly permission: string; readonly batch?: boolean },
): MethodDecorator {
  const reaction: ReactionDeclaration = { contracts: [contracts].flat(), permission, batch };
  return applyDecorators(
    EventPattern(
      reaction.contracts.map(({ type }) => type),
      { reaction },
    ),
    SetMetadata(REACTION, reaction),
    UseFilters(PassOn),
    takesPayloadAndContext,
  );
}

/** As `@Payload()` and `@Ctx()` on the first two parameters, whose types the decorator has fixed. */
function takesPayloadAndContext(target: object, name: string | symbol): void {
  Payload()(target, name, 0);
  Ctx()(target, name, 1);
}

/** Nest would replace an unknown error by 'Internal server error'; the consumer must see what it was. */
@Catch()
class PassOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
