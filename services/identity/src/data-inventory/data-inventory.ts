import { type Contract, identityFacts } from '@vouchsafe/contracts';
import type { EventCatalog, PersonalField } from '@vouchsafe/event-sourcing';
import type { Publishing } from '@vouchsafe/event-store';
import { identityPublishing } from '../identity.publishing.js';
import { type PersonalColumn, personalColumns } from './personal-columns.js';

export interface InventoryLine {
  /** Where it stands: an event type, a contract, a column. */
  readonly place: string;
  readonly kind: 'event' | 'contract' | 'column';
  readonly field: string;
  readonly purpose: string;
  readonly form: 'sealed' | 'hashed' | 'clear';
  readonly store: string;
  readonly retention: string;
}

const contracts: readonly Contract[] = Object.values(identityFacts);

/**
 * Every personal field that this service keeps or tells, from the code's own marks (P18): a field that is marked tomorrow is
 * in it tomorrow.
 * @throws for a field that is kept without a purpose
 */
export function dataInventory(
  publishing: readonly Pick<Publishing, 'catalog'>[] = identityPublishing,
  told: readonly Contract[] = contracts,
  columns: readonly PersonalColumn[] = personalColumns,
): InventoryLine[] {
  const lines: InventoryLine[] = [
    ...publishing.flatMap(({ catalog }) => eventLines(catalog)),
    ...told.flatMap(contractLines),
    ...columns.map(columnLine),
  ];
  const purposeless = lines.find(({ purpose }) => !purpose);
  if (purposeless) throw new Error(`${purposeless.place}.${purposeless.field} is kept for no purpose`);
  return lines;
}

function eventLines({ personal }: EventCatalog): InventoryLine[] {
  return Object.entries(personal).flatMap(([type, fields]) =>
    fields.map((field) => ({
      place: type,
      kind: 'event' as const,
      field: nameOf(field),
      purpose: field.purpose,
      form: 'sealed' as const,
      store: 'event',
      retention: "until the subject's key is destroyed",
    })),
  );
}

function contractLines({ type, personal }: Contract): InventoryLine[] {
  return personal.map((field) => ({
    place: type,
    kind: 'contract' as const,
    field: nameOf(field),
    purpose: field.purpose,
    form: 'clear' as const,
    store: 'bus, encrypted in transit; sealed again by each receiver',
    retention: '7 days at most',
  }));
}

function columnLine({ table, column, holds, purpose, form, retention }: PersonalColumn): InventoryLine {
  return {
    place: `${table}.${column}`,
    kind: 'column',
    field: holds,
    purpose,
    form,
    store: table,
    retention,
  };
}

function nameOf({ path }: PersonalField): string {
  return path.join('.');
}
