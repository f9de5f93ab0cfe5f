/**
 * @promise P30 what a store gives back to an organization that takes its data with it
 * @promise P10 what a person gets a copy of (Articles 15 and 20 GDPR)
 */
import { z } from 'zod';
import { anonymous, type Caller } from '../caller.js';

/** Why an organization, or a person, gets nothing of a store. Secrets and what finds them are in no archive (P22). */
export const nothingReturned = {
  technical: 'What the service needs to work; it holds nothing that the organization entered or is shown',
  derived: 'Made of data that is returned, or shown in it',
  secret: 'Credentials and keys, or hashes of them',
  'forensic-export': 'The hashes and signatures of the log, which a forensic export holds',
  operator: 'The operator’s own records of what was held and deleted',
  'no-person': 'It says nothing of a person',
  'nobody-known': 'Nobody knows which person it is about',
} as const;
export type NothingReturned = keyof typeof nothingReturned;

export type Returned = readonly ReturnedEntity[] | { readonly nothing: NothingReturned };

/** What a person gets a copy of: tables that have their rows alone, or why nothing. */
export type Access =
  | { readonly nothing: NothingReturned }
  | {
      readonly tables: readonly AccessTable[];
      /** Places of the store whose personal values are in no table, and why. */
      readonly withheld?: Readonly<Record<string, NothingReturned>>;
    };

export const NO_PERSON = { nothing: 'no-person' } as const satisfies Access;

/** Whose data is in an archive, where it is one person's. */
export const returnedPerson = z.strictObject({
  userId: z.uuid(),
  /** Every id under which values of the person are sealed, that of the user among them. */
  subjects: z.array(z.uuid()).min(1),
});
export type ReturnedPerson = z.output<typeof returnedPerson>;

const datatypes = ['string', 'integer', 'number', 'boolean', 'dateTime', 'json'] as const;

/** What a reader of the archive must know of a column (CSVW). */
export const returnedColumn = z.strictObject({
  /** Where the value is in a row: `actor.type`. */
  name: z.string(),
  datatype: z.enum(datatypes),
  meaning: z.string(),
  /** Whether no row lacks it. */
  required: z.boolean(),
});
export type ReturnedColumn = z.output<typeof returnedColumn>;

const reference = z.strictObject({
  columns: z.array(z.string()),
  entity: z.string(),
  entityColumns: z.array(z.string()),
});

export const returnedTable = z.strictObject({
  /** Also of its file, without the ending. */
  name: z.string().regex(/^[a-z][a-z-]*$/),
  meaning: z.string(),
  columns: z.array(returnedColumn),
  primaryKey: z.array(z.string()),
  /** To rows that are always there: of the same answer, and of a table that no time filter shortens. */
  references: z.array(reference),
  /** The column by which a time filter chooses rows; null where it leaves them all. */
  time: z.string().nullable(),
});
export type ReturnedTable = z.output<typeof returnedTable>;

export interface AskedPage {
  readonly organizationId: string;
  /** This service on behalf of the organization, for use cases that take a caller. */
  readonly caller: Caller;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** From this time on, and before the other; a table without a time leaves them alone. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface AskedOfPerson extends AskedPage {
  readonly person: ReturnedPerson;
}

export interface ReturnedPage {
  readonly items: readonly object[];
  readonly next: string | null;
}

/** A table of the archive: as the API shows it, page by page, so that no more than a page is ever in memory. */
export interface ReturnedEntity extends ReturnedTable {
  readonly page: (asked: AskedPage) => Promise<ReturnedPage>;
}

/** A table of one person's archive: nothing in it says anything of another. */
export interface AccessTable extends ReturnedTable {
  /** The places whose personal values it shows. */
  readonly shows: readonly string[];
  readonly page: (asked: AskedOfPerson) => Promise<ReturnedPage>;
}

interface Definition<Row extends z.ZodObject, Asked> extends Pick<ReturnedTable, 'name' | 'meaning'> {
  /** A view of the API: its columns follow from it. */
  readonly row: Row;
  readonly primaryKey: readonly string[];
  readonly references?: ReturnedTable['references'];
  readonly time?: string;
  readonly page: (
    asked: Asked,
  ) => Promise<{ readonly items: readonly z.output<Row>[]; readonly next: string | null }>;
}

/** @throws where a column has no meaning, or a key is of no column */
export function returnedEntity<Row extends z.ZodObject>(
  definition: Definition<Row, AskedPage>,
): ReturnedEntity {
  return { ...tableOf(definition), page: definition.page };
}

/** @throws as `returnedEntity` */
export function accessTable<Row extends z.ZodObject>(
  definition: Definition<Row, AskedOfPerson> & Pick<AccessTable, 'shows'>,
): AccessTable {
  return { ...tableOf(definition), shows: definition.shows, page: definition.page };
}

function tableOf<Row extends z.ZodObject>({
  row,
  ...definition
}: Omit<Definition<Row, never>, 'page'>): ReturnedTable {
  const schema = z.toJSONSchema(row, { io: 'output', unrepresentable: 'any' }) as JsonSchema;
  const columns = columnsOf(definition.name, schema);
  const { primaryKey, references = [], time = null } = definition;
  const known = new Set(columns.map(({ name }) => name));
  for (const name of [...primaryKey, ...references.flatMap((one) => one.columns), ...(time ? [time] : [])])
    if (!known.has(name)) throw new Error(`${definition.name} has no column ${name}`);
  const { name, meaning } = definition;
  return { name, meaning, columns, primaryKey: [...primaryKey], references, time };
}

/** The whole of one page, for what is one record or a few. */
export function onePage<T>(items: readonly T[]): { readonly items: readonly T[]; readonly next: null } {
  return { items, next: null };
}

export function callerFor(organizationId: string, service: string): Caller {
  return {
    ...anonymous,
    organizationId,
    actor: { type: 'service', id: service },
    ...{ requestId: `service:${service}`, sourceIp: null, userAgent: null, traceparent: null },
  };
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

function columnsOf(entity: string, root: JsonSchema): ReturnedColumn[] {
  const resolved = (schema: JsonSchema): JsonSchema => {
    const { $ref, ...rest } = schema;
    return $ref === undefined ? schema : { ...root.$defs?.[$ref.replace('#/$defs/', '')], ...rest };
  };
  const columns = (
    place: string,
    given: JsonSchema,
    isRequired: boolean,
    above: string[],
  ): ReturnedColumn[] => {
    const outer = resolved(given);
    const choices = (outer.anyOf ?? [outer]).map(resolved).flatMap(eachType);
    const values = choices.filter(({ type }) => type !== 'null');
    const [value = outer] = values;
    const required = isRequired && values.length === choices.length;
    const description = outer.description ?? value.description;
    const meanings = description === undefined ? above : [...above, description];
    if (values.length === 1 && value.properties)
      return Object.entries(value.properties).flatMap(([name, child]) =>
        columns(
          place === '' ? name : `${place}.${name}`,
          child,
          required && (value.required ?? []).includes(name),
          place === '' ? [] : meanings,
        ),
      );
    if (meanings.length === 0) throw new Error(`The column ${place} of ${entity} has no meaning`);
    const [datatype = 'json', ...others] = new Set(values.map(datatypeOf));
    return [
      {
        name: place,
        datatype: others.length > 0 ? 'json' : datatype,
        meaning: meanings.join('. '),
        required,
      },
    ];
  };
  return columns('', root, true, []);
}

/** `{"type": ["string", "null"]}` is one of two. */
function eachType(schema: JsonSchema): JsonSchema[] {
  const { type } = schema;
  return typeof type === 'string' || type === undefined
    ? [schema]
    : type.map((one) => ({ ...schema, type: one }));
}

function datatypeOf({ type, format, enum: choices }: JsonSchema): ReturnedColumn['datatype'] {
  if (type === 'string') return format === 'date-time' ? 'dateTime' : 'string';
  if (type === 'integer' || type === 'number' || type === 'boolean') return type;
  return choices?.every((one) => typeof one === 'string') ? 'string' : 'json';
}
