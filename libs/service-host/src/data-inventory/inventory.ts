/** @promise P18 lists every personal field of a service from the marks */
import { type Contract, contractsOf, type ServiceName } from '@vouchsafe/contracts';
import type { EventCatalog, PersonalField, Purpose } from '@vouchsafe/event-sourcing';
import type { Publishing } from '@vouchsafe/event-store';
import { z } from 'zod';

/** What a column holds. `sealed`: under a key of the vault; `hashed`: one way; `clear`: as it is. */
export interface PersonalColumn {
  readonly table: string;
  readonly column: string;
  readonly holds: string;
  readonly purpose: Purpose;
  readonly form: 'sealed' | 'hashed' | 'clear';
  /** How long it stays. */
  readonly retention: string;
}

export const inventoryLine = z.strictObject({
  service: z.string().describe('The service that keeps it'),
  place: z.string().describe('The event type, contract or table that has the field'),
  kind: z.enum(['event', 'contract', 'column']).describe('What `place` names'),
  field: z.string().describe('The field or column'),
  purpose: z.string().describe('What it is kept for'),
  form: z
    .enum(['sealed', 'hashed', 'clear'])
    .describe(
      '`sealed`: encrypted under a key that an erasure destroys; `hashed`: one way; `clear`: as it is',
    ),
  store: z.string().describe('Where it is stored'),
  retention: z.string().describe('How long it is kept'),
});
export type InventoryLine = z.infer<typeof inventoryLine>;

export interface KeptPersonalData {
  readonly service: ServiceName;
  readonly publishing: readonly Pick<Publishing, 'catalog'>[];
  /** Those of the service's own tables and of the libraries below it (`sharedColumns`). */
  readonly columns: readonly PersonalColumn[];
}

/**
 * Every personal field that a service stores or publishes, from the marks in the code (P18): a field that is marked tomorrow is in it
 * tomorrow.
 * @throws for a field that is kept without a purpose
 */
export function inventoryOf({ service, publishing, columns }: KeptPersonalData): InventoryLine[] {
  const lines = [
    ...publishing.flatMap(({ catalog }) => eventLines(catalog)),
    ...contractsOf(service).flatMap(contractLines),
    ...columns.map(columnLine),
  ].map((line) => ({ service, ...line }));
  const purposeless = lines.find(({ purpose }) => !purpose);
  if (purposeless) throw new Error(`${purposeless.place}.${purposeless.field} is kept for no purpose`);
  return lines;
}

type Line = Omit<InventoryLine, 'service'>;

/** Of what is written today, and of earlier versions what today's does not name: events of them are stored for years. */
function eventLines({ versions }: EventCatalog): Line[] {
  return Object.entries(versions).flatMap(([type, all]) => {
    const today = new Set(all.at(-1)?.personal.map(nameOf));
    return all.flatMap(({ personal, upcast }, index) =>
      personal
        .filter((field) => upcast === undefined || field.storedClear === true || !today.has(nameOf(field)))
        .map((field) => ({
          place: upcast ? `${type} version ${index + 1}` : type,
          kind: 'event' as const,
          field: nameOf(field),
          purpose: field.purpose,
          form: field.storedClear ? ('clear' as const) : ('sealed' as const),
          store: 'event',
          retention: field.storedClear
            ? "in clear until a retention run seals it, then until the subject's key is destroyed"
            : "until the subject's key is destroyed",
        })),
    );
  });
}

function contractLines({ type, personal }: Contract): Line[] {
  return personal.map((field) => ({
    place: type,
    kind: 'contract' as const,
    field: nameOf(field),
    purpose: field.purpose,
    form: 'clear' as const,
    store: 'bus, encrypted in transit; each receiver seals it again',
    retention: '7 days at most',
  }));
}

function columnLine({ table, column, holds, purpose, form, retention }: PersonalColumn): Line {
  return {
    ...{ place: `${table}.${column}`, kind: 'column', field: holds },
    ...{ purpose, form, store: table, retention },
  };
}

function nameOf({ path }: PersonalField): string {
  return path.join('.');
}
