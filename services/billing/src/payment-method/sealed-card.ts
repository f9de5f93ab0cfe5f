import type { Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import type { z } from 'zod';
import { storedNames } from '../stored-names.js';
import { card } from './payment-method.events.js';

type Card = z.output<typeof card>;
interface Place {
  readonly organizationId: string;
  readonly paymentMethodId: string;
}

export async function sealCard(vault: Vault, sql: Sql, place: Place, value: Card): Promise<string | null> {
  const sealed = await vault.seal(sql, scopeOf(place), contextOf(place), JSON.stringify(value));
  return isErased(sealed) ? null : sealed;
}

export async function openCard(vault: Vault, sql: Sql, place: Place, sealed: string): Promise<Card | null> {
  const opened = await vault.open(sql, scopeOf(place), contextOf(place), sealed);
  return isErased(opened) ? null : card.parse(JSON.parse(opened));
}

function scopeOf({ organizationId }: Place) {
  return { organizationId, subjectId: null };
}

function contextOf({ paymentMethodId }: Place): readonly string[] {
  return [storedNames.cardColumn, paymentMethodId];
}
