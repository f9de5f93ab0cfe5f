import { z } from 'zod';
import { cursorText, decimal, isBounded } from './inputs.js';
import { problem } from './problems.js';

/** The query of every list: `@Query({ schema: pageQuery }) query: PageQuery`, or `pageQuery.extend({...})` with filters. */
export const pageQuery = z.strictObject({
  limit: decimal(1, 200).default(50).describe('Largest number of items in a page'),
  cursor: cursorText.optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

/** Where the next page begins; `null` at the end. */
export const nextCursor = z.string().nullable().describe('Cursor of the next page; null at the end');

/** `{"items": [...], "next": "<cursor>" | null}` */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item), next: nextCursor });
}

/** What a cursor can hold, as we write it ourselves and no wider: whatever is taken here is given to Postgres. */
const positions = {
  id: z.uuid(),
  stripeId: z.string().regex(/^[a-z]{1,20}_[A-Za-z0-9_]{1,200}$/),
  index: z.int().min(0),
  /** In UTC, to the microsecond at most, and of a year that Postgres spells alike. */
  time: z.iso
    .datetime({ offset: true })
    .regex(/^[^.]{19}(?:\.[0-9]{1,6})?(?:Z|\+00:00)$/)
    .refine((text) => isBounded(Date.parse(text))),
  milliseconds: z.int().refine(isBounded),
};
type Positions = Readonly<Record<string, keyof typeof positions>>;
type Position<Kinds extends Positions> = {
  readonly [Name in keyof Kinds]: z.output<(typeof positions)[Kinds[Name]]>;
};

/**
 * Cursors hold where the last page ended (never an offset, which skips and repeats while rows come and go). They are opaque
 * to callers and validated, not signed: row-level security, not the cursor, decides what a caller may see.
 * @param kinds `{ createdAt: 'time', apiKeyId: 'id' }`
 */
export function cursorOf<const Kinds extends Positions>(kinds: Kinds) {
  const schema = z.strictObject(
    Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, positions[kind]])),
  );
  return {
    write: (position: Position<Kinds>): string => Buffer.from(JSON.stringify(position)).toString('base64url'),
    /** Throws the problem `invalid-request` for anything that `write` could not have made. */
    read: (cursor: string | undefined): Position<Kinds> | null => {
      if (cursor === undefined) return null;
      const read = schema.safeParse(jsonOrNull(Buffer.from(cursor, 'base64url').toString('utf8')));
      if (!read.success) {
        throw problem('invalid-request', {
          errors: [
            { pointer: '/cursor', detail: 'must be a cursor of this list: `next` of an earlier page' },
          ],
        });
      }
      return read.data as Position<Kinds>;
    },
  };
}

/** A page out of `limit + 1` rows: the extra one only tells that there is more. */
export function page<Row, Position>(
  rows: readonly Row[],
  limit: number,
  next: (last: Row) => Position,
  write: (position: Position) => string,
): { items: Row[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? write(next(last)) : null };
}

/** A page of entities, as MikroORM's `findByCursor` found them: it reads the extra one itself. */
export function pageFound<Entity, Item>(
  found: { readonly items: readonly Entity[]; readonly hasNextPage: boolean },
  shown: (entity: Entity) => Item,
  next: (last: Entity) => string,
): { items: Item[]; next: string | null } {
  const last = found.items.at(-1);
  return {
    items: found.items.map((entity) => shown(entity)),
    next: found.hasNextPage && last !== undefined ? next(last) : null,
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
