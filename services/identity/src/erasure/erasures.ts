/** @promise P10 takes the request, ends access, and shows how far the services are */
import { serviceName, serviceNames } from '@vouchsafe/contracts';
import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, heldBecause, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { addressOf, emailHash } from '../email-address.js';
import { createOnce } from '../idempotent.js';
import type { Identity } from '../identity.js';
import { invitationCell } from '../invitation/invitation.projection.js';
import { endMembership } from '../member/members.js';
import { openCells } from '../persistence/sealed-column.js';
import {
  accepted,
  assertRecentlyAuthenticated,
  envelopeOf,
  organizationOf,
  principalOf,
} from '../request.js';
import { erasureProblems } from './erasure.problems.js';
import type { PersonErasure } from './erasure.decider.js';

const receiptView = z
  .strictObject({
    service: serviceName,
    keysDestroyed: z.int().describe('Versions of the person’s keys that this service had'),
    destroyedAt: z.iso.datetime(),
    effectiveFrom: z.iso.datetime().describe('From here on no process of the service held an opened key'),
  })
  .meta({ id: 'ErasureReceipt' });

/**
 * `requested`: nothing is destroyed yet; `executing`: no receipt yet; `partial`: some of them, or keys are destroyed and something is
 * left that no key covers; `erased`: all.
 */
export const erasureView = z
  .strictObject({
    erasureId: z.uuid(),
    userId: z.uuid(),
    status: z.enum(['requested', 'executing', 'partial', 'erased']),
    receipts: z.array(receiptView),
    waitingFor: z.array(serviceName),
    heldBecause: z
      .enum(heldBecause)
      .nullable()
      .describe(
        'What of the person is left in identity although its keys are destroyed; null where nothing is',
      ),
  })
  .meta({ id: 'Erasure' });
export type ErasureView = z.infer<typeof erasureView>;

/**
 * Asks every service to forget a person, a member or a former one (P10). Access ends with it; keys are destroyed by each service
 * on its own. Asked again, it is the same erasure.
 */
export async function requestErasure(
  identity: Identity,
  caller: Caller,
  userId: UserId,
  key: string | undefined,
): Promise<ErasureView> {
  const { organizationId, userId: by } = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  return identity.store.transact(organizationId, envelopeOf(identity, caller), (unit) =>
    createOnce(identity, unit, { caller, operation: 'member.erase', key, request: { userId } }, async () => {
      const { state } = await unit.load(identity.aggregates.erasure, userId);
      if (state.status !== 'absent') return { body: await viewOf(unit, state) };
      const known = await unit.query('select from account where user_id = $1', [userId]);
      if (known.length === 0) throw problem('not-found');
      const subjects = await subjectsOf(identity, unit, userId);
      const member = await unit.query('select from member where user_id = $1', [userId]);
      if (member.length > 0) await endMembership(identity, unit, userId, { by });
      const requested = accepted(
        await unit.execute(identity.aggregates.erasure, userId, {
          type: 'request',
          organizationId,
          userId,
          erasureId: identity.newId(),
          subjects,
        }),
        erasureProblems,
      );
      return { body: await viewOf(unit, requested.state) };
    }),
  );
}

export function readErasure(identity: Identity, caller: Caller, userId: UserId): Promise<ErasureView> {
  return identity.store.transact(organizationOf(caller), envelopeOf(identity, caller), async (unit) => {
    const { state } = await unit.load(identity.aggregates.erasure, userId);
    return viewOf(unit, state);
  });
}

/**
 * The ids under which values of the person are sealed: their own, and those of the invitations to the same address, which stand for
 * a person who had no account yet.
 */
export async function subjectsOf({ vault }: Identity, unit: UnitOfWork, userId: UserId): Promise<string[]> {
  const { organizationId } = unit;
  const address = await addressOf(vault, unit, { organizationId, userId });
  if (address === null) return [userId];
  const invitations = await unit.query<{ invitation_id: string }>(
    'select invitation_id from invitation where email_hash = $1',
    [await emailHash(vault, unit, address)],
  );
  // Of before the hash was kept: accepted ones alone, for housekeeping erases the others by itself.
  const unhashed = await unit.query<{ invitation_id: string; email_sealed: string | null }>(
    `select invitation_id, email_sealed from invitation where email_hash is null and status = 'accepted'`,
  );
  const addresses = await openCells(
    vault,
    unit,
    unhashed.map(({ invitation_id, email_sealed }) => ({
      ...invitationCell(organizationId, invitation_id),
      stored: email_sealed,
    })),
  );
  const theirs = unhashed.filter((_, nth) => addresses[nth]?.toLowerCase() === address.toLowerCase());
  return [userId, ...[...invitations, ...theirs].map(({ invitation_id }) => invitation_id)];
}

async function viewOf(unit: UnitOfWork, state: PersonErasure): Promise<ErasureView> {
  if (state.status === 'absent') throw problem('not-found');
  const { erasureId, userId, receipts } = state;
  const [begun] = await unit.query<{ held_because: string | null }>(
    'select held_because from erasure where erasure_id = $1 and destroyed_at is not null',
    [erasureId],
  );
  const held = z
    .enum(heldBecause)
    .nullable()
    .parse(begun?.held_because ?? null);
  const ownStatus = held === null ? 'executing' : 'partial';
  return {
    erasureId,
    userId,
    status: state.status === 'requested' && begun ? ownStatus : state.status,
    receipts: [...receipts],
    waitingFor: serviceNames.filter((name) => !receipts.some(({ service }) => service === name)),
    heldBecause: held,
  };
}
