/** @promise P31 what must be done, in which order, before an organization counts as erased */
import { decider, unreachable } from '@vouchsafe/event-sourcing';
import { plusDays } from '../termination/plan.js';
import type { PurgeEvent } from './purge.events.js';

type Data<Type extends PurgeEvent['type']> = Extract<PurgeEvent, { readonly type: Type }>['data'];
export type PurgeBeginning = Data<'purge-begun'>;
export type PurgeReceipt = Omit<Data<'purge-receipt-received'>, 'erasureId' | 'erasedOrganizationId'>;

interface Begun extends PurgeBeginning {
  /** The services that were told to delete their part. */
  readonly requested: ReadonlySet<string>;
  readonly receipts: readonly PurgeReceipt[];
}

export type Purge =
  | { readonly status: 'absent' }
  | ({ readonly status: 'purging' } & Begun)
  | ({ readonly status: 'production-erased' } & Erased)
  | ({ readonly status: 'backups-expired' | 'certified' } & Expired);

export interface Erased extends Begun {
  readonly erasedAt: string;
}

export interface Expired extends Erased {
  readonly backups: Pick<Data<'backups-expired'>, 'recordsFrom' | 'expiredAt' | 'last'>;
}

export type PurgeCommand =
  | { readonly type: 'begin'; readonly beginning: PurgeBeginning; readonly services: Services }
  | {
      readonly type: 'note-receipt';
      readonly receipt: PurgeReceipt;
      readonly services: Services;
    }
  /** Time has passed. */
  | { readonly type: 'advance'; readonly services: Services; readonly at: Date }
  /** Every backup that held data was looked for, and none was found. */
  | {
      readonly type: 'note-backups-expired';
      readonly at: Date;
      readonly recordsFrom: string;
      readonly last: Expired['backups']['last'];
    }
  | { readonly type: 'certify'; readonly at: Date; readonly sha256: string };

/** Every service that there is today: one that was added meanwhile takes part, too. */
export interface Services {
  readonly all: readonly string[];
  /** It records what happens until every other one is done. */
  readonly last: string;
}

export type PurgeRejection = { readonly rejected: 'not-begun' | 'not-yet' };

export const purge = decider<Purge, PurgeCommand, PurgeEvent, PurgeRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'begin') {
      if (state.status !== 'absent') return [];
      const { beginning, services } = command;
      const first = services.all.filter((name) => name !== services.last);
      return [{ type: 'purge-begun', data: beginning }, requested(beginning, first)];
    }
    if (state.status === 'absent') return { rejected: 'not-begun' };
    if (command.type === 'note-backups-expired') {
      if (state.status === 'purging') return { rejected: 'not-yet' };
      if (state.status !== 'production-erased') return [];
      const { erasureId, erasedOrganizationId } = state;
      const { at, recordsFrom, last } = command;
      const data = { erasureId, erasedOrganizationId, recordsFrom, expiredAt: at.toISOString(), last };
      return [{ type: 'backups-expired', data }];
    }
    if (command.type === 'certify') {
      if (state.status === 'certified') return [];
      if (state.status !== 'backups-expired') return { rejected: 'not-yet' };
      const { erasureId, erasedOrganizationId } = state;
      const { at, sha256 } = command;
      const data = { erasureId, erasedOrganizationId, issuedAt: at.toISOString(), sha256 };
      return [{ type: 'deletion-certified', data }];
    }
    if (command.type === 'advance') {
      const emptyAt = productionEmptyAt(state, command.services);
      if (state.status !== 'purging' || emptyAt === null || command.at < emptyAt) return [];
      const { erasureId, erasedOrganizationId, backupsExpiredBy } = state;
      const erasedAt = command.at.toISOString();
      return [
        { type: 'production-erased', data: { erasureId, erasedOrganizationId, erasedAt, backupsExpiredBy } },
      ];
    }
    const { receipt, services } = command;
    if (state.receipts.some(({ service }) => service === receipt.service)) return [];
    const { erasureId, erasedOrganizationId } = state;
    const which = { erasureId, erasedOrganizationId };
    const received: PurgeEvent = { type: 'purge-receipt-received', data: { ...which, ...receipt } };
    const open = services.all.filter(
      (name) => name !== receipt.service && !state.receipts.some(({ service }) => service === name),
    );
    const isLastsTurn = open.length === 1 && open[0] === services.last;
    const due = open.filter((name) => !state.requested.has(name) && (name !== services.last || isLastsTurn));
    return due.length === 0 ? [received] : [received, requested(state, due)];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'purge-begun':
        return { status: 'purging', ...event.data, requested: new Set(), receipts: [] };
      case 'purge-requested':
        return state.status === 'absent'
          ? state
          : { ...state, requested: new Set([...state.requested, ...event.data.services]) };
      case 'purge-receipt-received': {
        if (state.status === 'absent') return state;
        const { erasureId: _, erasedOrganizationId: __, ...receipt } = event.data;
        return { ...state, receipts: [...state.receipts, receipt] };
      }
      case 'production-erased':
        return state.status === 'absent'
          ? state
          : { ...state, status: 'production-erased', erasedAt: event.data.erasedAt };
      case 'backups-expired': {
        if (state.status !== 'production-erased') return state;
        const { recordsFrom, expiredAt, last } = event.data;
        return { ...state, status: 'backups-expired', backups: { recordsFrom, expiredAt, last } };
      }
      case 'deletion-certified':
        return state.status === 'backups-expired' ? { ...state, status: 'certified' } : state;
      default:
        return unreachable(event);
    }
  },
});

/** When the bus, too, has nothing of the organization any more; null while a receipt is missing. */
export function productionEmptyAt(state: Purge, services: Services): Date | null {
  if (state.status === 'absent') return null;
  const { receipts } = state;
  if (!services.all.every((name) => receipts.some(({ service }) => service === name))) return null;
  const last = Math.max(...receipts.map(({ effectiveFrom }) => Date.parse(effectiveFrom)));
  return plusDays(new Date(last), BUS_DAYS);
}

/** A topic keeps a message for so long at most (docs/bus.md). What it says of a person is under a key that is destroyed; names of organizations are not. */
const BUS_DAYS = 7;

function requested(
  { erasureId, erasedOrganizationId, endedAt, cause }: PurgeBeginning,
  services: readonly string[],
): PurgeEvent {
  return {
    type: 'purge-requested',
    data: { erasureId, erasedOrganizationId, endedAt, cause, services: [...services] },
  };
}
