/** @promise P10 tells lifecycle whom a request of a data subject is about */
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { organizationId, userId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, Operation } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { addressOf } from '../email-address.js';
import { BeginErasure } from '../erasure/begin-erasure.js';
import { erasureAggregate } from '../erasure/erasure.aggregate.js';

const question = z.strictObject({ organizationId, userId });
const person = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('unknown') }),
  z.strictObject({
    status: z.literal('known'),
    /** Null once it is erased. */
    email: z.string().nullable(),
    /** Ids under which values of the person are sealed. */
    subjects: z.array(z.uuid()).min(1),
    isLastOwner: z.boolean(),
    /** An erasure has been asked for. */
    isErased: z.boolean(),
  }),
]);

@Controller('internal/people')
export class PeopleController {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly beginErasure: BeginErasure,
  ) {}

  /** The question is in the body: an id of a person stands in no URL that is logged. */
  @Post()
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'person.describe',
    entity: { type: 'user', id: null },
    effect: 'read',
    summary: 'A current or former member of an organization, for a request of a data subject',
    answers: { 200: person },
  })
  describe(@Body({ schema: question }) who: z.output<typeof question>): Promise<z.output<typeof person>> {
    const actor = { type: 'service', id: 'identity' } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.store.transact(who.organizationId, envelope, async (unit) => {
      const known = await unit.query('select from account where user_id = $1', [who.userId]);
      const { state } = await unit.load(erasureAggregate, who.userId);
      if (known.length === 0 && state.status === 'absent') return { status: 'unknown' } as const;
      const owners = await unit.query<{ user_id: string }>(`select user_id from member where role = 'owner'`);
      return {
        status: 'known',
        email: await addressOf(this.vault, unit, who),
        subjects: await this.beginErasure.subjectsOf(unit, who.userId),
        isLastOwner: owners.length === 1 && owners[0]?.user_id === who.userId,
        isErased: state.status !== 'absent',
      } as const;
    });
  }
}
