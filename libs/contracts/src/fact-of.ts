import type { z } from 'zod';
import { type Contract, type Publication, publication } from './contract.js';
import type { fact } from './fact.js';

/** An event as its store gives it. */
interface Recorded {
  readonly organizationId: string;
  readonly data: object;
  readonly envelope: {
    readonly actor: z.output<typeof fact.actor>;
    readonly occurredAt: Date;
    readonly requestId: string | null;
  };
}

/** The contract's fact of an event whose data are the fact's own matter. @throws UnfitPublicationError */
export function factOf(
  contract: Contract,
  { organizationId, data, envelope: { actor, occurredAt, requestId } }: Recorded,
): readonly Publication[] {
  return [
    publication(contract, {
      organizationId,
      ...data,
      actor,
      occurredAt: occurredAt.toISOString(),
      requestId,
    }),
  ];
}
