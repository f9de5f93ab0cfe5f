/** @promise P18, P03 lists every personal field of a service from the marks, with the policies under which it goes */
import {
  type Contract,
  contractsOf,
  isRetentionPolicy,
  keptUnder,
  type RetentionPolicyId,
  type ServiceName,
} from '@vouchsafe/contracts';
import type { EventCatalog, PersonalField, Purpose } from '@vouchsafe/event-sourcing';
import type { Publishing } from '@vouchsafe/event-store';
import { z } from 'zod';

type PolicyIds = readonly [RetentionPolicyId, ...RetentionPolicyId[]];

/** What a column holds. `sealed`: under a key of the vault; `hashed`: one way; `clear`: as it is. */
export interface PersonalColumn {
  readonly table: string;
  readonly column: string;
  readonly holds: string;
  readonly purpose: Purpose;
  readonly form: 'sealed' | 'hashed' | 'clear';
  /** How long it stays; one at least, so a column without one does not compile. */
  readonly policies: PolicyIds;
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
  policies: z
    .array(z.string())
    .describe(
      'The retention policies under which it goes; none where nothing ends it, and `retention` says why',
    ),
});
export type InventoryLine = z.infer<typeof inventoryLine>;

export interface KeptPersonalData {
  readonly service: ServiceName;
  readonly publishing: readonly Pick<Publishing, 'catalog'>[];
  /** Those of the service's own tables and of the libraries below it (`sharedColumns`). */
  readonly columns: readonly PersonalColumn[];
  /**
   * Of types of events whose personal values go by more than an erasure that somebody asks for; in place of policies the reason why nothing ends
   * them, which the record of processing activities names.
   */
  readonly events?: Readonly<Record<string, PolicyIds | string>>;
}

/**
 * Every personal field that a service stores or publishes, from the marks in the code (P18): a field that is marked tomorrow is in it
 * tomorrow.
 * @throws for a field that is kept without a purpose or a retention policy
 */
export function inventoryOf({
  service,
  publishing,
  columns,
  events = {},
}: KeptPersonalData): InventoryLine[] {
  const lines = [
    ...publishing.flatMap(({ catalog }) => eventLines(catalog, events)),
    ...contractsOf(service).flatMap(contractLines),
    ...columns.map(columnLine),
  ].map((line) => ({ service, ...line }));
  const purposeless = lines.find(({ purpose }) => !purpose);
  if (purposeless) throw new Error(`${purposeless.place}.${purposeless.field} is kept for no purpose`);
  const unlimited = lines.find(
    ({ policies, retention }) => retention === '' || !policies.every(isRetentionPolicy),
  );
  if (unlimited) throw new Error(`${unlimited.place}.${unlimited.field} has no retention policy`);
  return lines;
}

type Line = Omit<InventoryLine, 'service'>;

/** Of what is written today, and of earlier versions what today's does not name: events of them are stored for years. */
function eventLines({ versions }: EventCatalog, policiesOf: NonNullable<KeptPersonalData['events']>): Line[] {
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
          ...endOf(field, policiesOf[type]),
        })),
    );
  });
}

/** A value about nobody who is known is sealed by the organization's key of the month, which no erasure of a person destroys. */
function endOf(
  { subject, storedClear }: PersonalField,
  declared: PolicyIds | string = subject === null ? ['ended-organizations'] : ['sealed-events'],
): Pick<InventoryLine, 'retention' | 'policies'> {
  if (typeof declared === 'string') return { retention: declared, policies: [] };
  const clear = storedClear ? 'in clear until a retention run seals it, then ' : '';
  return { retention: `${clear}${keptUnder(declared).join('; ')}`, policies: [...declared] };
}

function contractLines({ type, personal }: Contract): Line[] {
  return personal.map((field) => ({
    place: type,
    kind: 'contract' as const,
    field: nameOf(field),
    purpose: field.purpose,
    form: 'clear' as const,
    store: 'bus, encrypted in transit; each receiver seals it again',
    retention: keptUnder(['bus-messages']).join('; '),
    policies: ['bus-messages'],
  }));
}

function columnLine({ table, column, holds, purpose, form, policies }: PersonalColumn): Line {
  return {
    ...{ place: `${table}.${column}`, kind: 'column', field: holds },
    ...{ purpose, form, store: table, retention: keptUnder(policies).join('; '), policies: [...policies] },
  };
}

function nameOf({ path }: PersonalField): string {
  return path.join('.');
}
