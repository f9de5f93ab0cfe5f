/** @promise P31 a service's own copy of every legal hold, and what each covers */
import type { HoldScope } from '@vouchsafe/contracts';
import { instant, type Sql } from '@vouchsafe/database';

/** What is about to be destroyed. */
export interface Destruction {
  readonly organizations: readonly string[];
  /** The ids of the one person whose data it is; absent: anybody's. */
  readonly subjects?: readonly string[];
  /** Of a store whose records cannot be about everything; absent: they can. */
  readonly about?: About;
}

/** What the records of a store may be about. A hold on a whole organization stops every store, whatever it says here. */
export interface About {
  /** Whether they may say something of a person. */
  readonly people: boolean;
  /** Types of entities, as the audit log's entries name them; null: any. */
  readonly entities: readonly string[] | null;
  /** Whether they show what happened at a time. */
  readonly times: boolean;
}

export interface Hold {
  readonly holdId: string;
  /** In whose log it stands: the operator's. */
  readonly organizationId: string;
  readonly heldOrganizationId: string;
  readonly scope: HoldScope;
  readonly placedAt: Date;
}

/**
 * Whether a hold stops a destruction. A person's key cannot be destroyed for one record alone: what is held of an entity or of a time, anybody's
 * erasure in the organization could make unreadable, and waits (Article 17(3)(e) GDPR).
 */
export function covers(scope: HoldScope, { subjects, about }: Omit<Destruction, 'organizations'>): boolean {
  switch (scope.of) {
    case 'organization':
      return true;
    case 'subject':
      return subjects ? scope.subjects.some((id) => subjects.includes(id)) : (about?.people ?? true);
    case 'entity':
      return subjects && scope.entityType === 'user'
        ? subjects.includes(scope.entityId)
        : (about?.entities?.includes(scope.entityType) ?? true);
    case 'time-range':
      return about?.times ?? true;
  }
}

/** Those that are not released yet, pending ones too: a hold counts from the moment at which the service knows of it. */
export async function holdsOn(sql: Sql, organizations: readonly string[]): Promise<Hold[]> {
  const rows = await sql.query<HoldRow>(
    `select * from hold where held_organization_id = any ($1::uuid[]) and released_at is null order by placed_at, hold_id`,
    [organizations],
  );
  return rows.map(held);
}

/** Those that were placed before a time, and ended between two others. */
export async function releasedHoldsOn(
  sql: Sql,
  organizationId: string,
  times: { readonly placedBefore: Date; readonly releasedFrom: Date; readonly releasedUntil: Date },
): Promise<(Hold & { readonly releasedAt: Date })[]> {
  const rows = await sql.query<HoldRow & { readonly released_at: string }>(
    `select * from hold where held_organization_id = $1 and placed_at < $2 and released_at between $3 and $4
     order by placed_at, hold_id`,
    [organizationId, times.placedBefore, times.releasedFrom, times.releasedUntil],
  );
  return rows.map((row) => ({ ...held(row), releasedAt: instant(row.released_at) }));
}

/** Ids of the holds that stop a destruction. */
export async function holdsCovering(sql: Sql, destruction: Destruction): Promise<string[]> {
  const holds = await holdsOn(sql, destruction.organizations);
  return holds.filter(({ scope }) => covers(scope, destruction)).map(({ holdId }) => holdId);
}

/** Writes a hold down; one that is known already is confirmed anew. */
export async function takeOnHold(sql: Sql, hold: Hold): Promise<void> {
  await sql.query(
    `insert into hold (hold_id, organization_id, held_organization_id, scope, placed_at) values ($1, $2, $3, $4, $5)
     on conflict (hold_id) do update set confirmed_at = null`,
    [hold.holdId, hold.organizationId, hold.heldOrganizationId, JSON.stringify(hold.scope), hold.placedAt],
  );
}

export async function requestRelease(sql: Sql, holdId: string, at: Date): Promise<void> {
  const known = await sql.query(
    'update hold set release_requested_at = coalesce(release_requested_at, $2) where hold_id = $1 returning 1',
    [holdId, at],
  );
  if (known.length === 0) throw new Error('A hold was released that was never placed');
}

/** What the service has yet to do about a hold. */
export interface OpenHold extends Hold {
  readonly step: 'placed' | 'released';
}

/** All of them, for one may have to wait. Placed first, where both are to be done. */
export async function openHolds(sql: Sql): Promise<OpenHold[]> {
  const rows = await sql.query<HoldRow>(
    `select * from hold
     where confirmed_at is null or (release_requested_at is not null and released_at is null)
     order by confirmed_at nulls first, placed_at`,
  );
  return rows.map((row) => ({ ...held(row), step: row.confirmed_at === null ? 'placed' : 'released' }));
}

interface HoldRow {
  readonly hold_id: string;
  readonly organization_id: string;
  readonly held_organization_id: string;
  readonly scope: HoldScope;
  readonly placed_at: string;
  readonly confirmed_at: string | null;
}

function held(row: HoldRow): Hold {
  const { hold_id: holdId, organization_id: organizationId, held_organization_id: heldOrganizationId } = row;
  return { holdId, organizationId, heldOrganizationId, scope: row.scope, placedAt: instant(row.placed_at) };
}
