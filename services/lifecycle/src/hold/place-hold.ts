/** @promise P31 places a legal hold: the operator on any organization, owners on their own */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  expiry,
  Ids,
  organizationOf,
  plainLine,
} from '@vouchsafe/service-host';
import { refusedAmong, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { holdAggregate } from './hold.aggregate.js';
import type { HoldRejection } from './hold.decider.js';
import { type HoldView, viewOf } from './hold.view.js';

/** Ids stand in clear in the ledger and in every service: an address is no id. */
const opaque = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/,
    'must begin with a letter or digit and have up to 200 letters, digits, `.`, `_`, `:`, `/` and `-`',
  );

const scope = z
  .discriminatedUnion('of', [
    z
      .strictObject({ of: z.literal('organization').describe('All data of the organization') })
      .describe('Everything'),
    z
      .strictObject({
        of: z.literal('subject').describe('The data of one person'),
        subjects: z
          .array(z.uuid())
          .min(1)
          .max(100)
          .describe('Ids of one person: of the user, and of invitations to the same person'),
      })
      .describe('One person'),
    z
      .strictObject({
        of: z.literal('entity').describe('What is about one entity'),
        entityType: opaque.describe('As audit entries name it'),
        entityId: opaque.describe('As audit entries name it; ids without personal data only'),
      })
      .describe('One entity'),
    z
      .strictObject({
        of: z.literal('time-range').describe('What shows what happened at a time'),
        from: expiry.describe('From this time on ...'),
        to: expiry.describe('... and before this one'),
      })
      .describe('Whatever happened in a time'),
  ])
  .meta({ id: 'NewHoldScope' });

export const newHold = z
  .strictObject({
    organizationId: z
      .uuid()
      .optional()
      .describe(
        'The organization whose data is held: your own, where it is left out; only the operator can name another',
      ),
    scope: scope.describe('What of the organization’s data is held'),
    reason: plainLine(500, 'Why the data must be kept'),
    until: expiry
      .nullish()
      .describe('Until when it is expected to be needed. It does not end then: a review is due'),
  })
  .meta({
    id: 'NewHold',
    examples: [{ scope: { of: 'organization' }, reason: 'Litigation: Babbage v. Analytical Engines' }],
  });
export type NewHold = z.output<typeof newHold>;

export type PlacingRejection =
  HoldRejection | { readonly rejected: 'until-past' | 'empty-range' | 'unknown-organization' | 'others' };

@Injectable()
export class PlaceHold {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly operator: Operator,
  ) {}

  async place(
    caller: Caller,
    { organizationId, scope: covered, reason, until = null }: NewHold,
    key: string | undefined,
  ): Promise<HoldView | PlacingRejection> {
    const [own, at] = [organizationOf(caller), this.clock.now()];
    const held = (organizationId ?? own) as OrganizationId;
    if (held !== own && !this.operator.is(own)) return { rejected: 'others' };
    if (until !== null && new Date(until) <= at) return { rejected: 'until-past' };
    if (covered.of === 'time-range' && covered.from >= covered.to) return { rejected: 'empty-range' };
    if (!(await this.isKnown(held))) return { rejected: 'unknown-organization' };
    const request = { organizationId: held, scope: covered, reason, until };
    const operator = this.operator.organizationId;
    const once = { organizationId: operator, caller, operation: 'hold.place', key, request, at };
    return this.store.transact(operator, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const holdId = this.ids.newId();
        const placed = await unit.execute(holdAggregate, holdId, {
          type: 'place',
          hold: {
            ...{ holdId, heldOrganizationId: held, scope: covered, reason, until },
            ...{ placedBy: caller.actor, placedFor: own },
          },
          at,
        });
        return isRejected(placed) ? placed : { body: viewOf(placed.state, at) };
      }),
    );
  }

  /** One that is being erased is known by its tombstone: audit may still have its log. */
  private isKnown(organizationId: string): Promise<boolean> {
    return this.database.asWorker(async (sql) => {
      const known = await sql.query('select from organization where organization_id = $1', [organizationId]);
      return known.length > 0 || (await refusedAmong(sql, [organizationId])).size > 0;
    });
  }
}
