import type { Form } from './form.ts';
import { invalid } from './problem.ts';
import type { World } from './world.ts';

/** One request, as a route gets it. */
export interface Call {
  readonly world: World;
  readonly form: Form;
  /** What stands in the path for `:id` and the like. */
  readonly path: (name: string) => string;
  readonly route: string;
}

/** `GET /v1/customers/:id` and what it answers. */
export type Routes = Readonly<Record<string, (call: Call) => object>>;

export interface Page {
  readonly limit?: number | undefined;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

export interface List<Item> {
  readonly object: 'list';
  readonly data: Item[];
  readonly has_more: boolean;
  readonly url: string;
}

/**
 * A page of a list, the newest first. https://docs.stripe.com/api/pagination
 * @param objects in the order in which they were made
 */
export function pageOf<Item extends { readonly id: string }>(
  url: string,
  objects: readonly Item[],
  { limit = 10, starting_after: after, ending_before: before }: Page,
): List<Item> {
  if (after !== undefined && before !== undefined)
    throw invalid('You may only specify one of these parameters: starting_after, ending_before.');
  const newest = objects.toReversed();
  if (before !== undefined) {
    const end = placeOf(newest, before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: newest.slice(start, end), has_more: start > 0, url };
  }
  const start = after === undefined ? 0 : placeOf(newest, after, 'starting_after') + 1;
  const data = newest.slice(start, start + limit);
  return { object: 'list', data, has_more: start + limit < newest.length, url };
}

function placeOf(objects: readonly { readonly id: string }[], id: string, param: string): number {
  const place = objects.findIndex((one) => one.id === id);
  if (place === -1) throw invalid(`No such object: '${id}'`, { param, code: 'resource_missing' });
  return place;
}

export type Times =
  | number
  | {
      readonly gt?: number | undefined;
      readonly gte?: number | undefined;
      readonly lt?: number | undefined;
      readonly lte?: number | undefined;
    }
  | undefined;

/** Whether an object was made then. */
export function isWithin({ created }: { readonly created: number }, times: Times): boolean {
  if (times === undefined) return true;
  if (typeof times === 'number') return created === times;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = times;
  return created > gt && created >= gte && created < lt && created <= lte;
}

/** A list in an object, which is whole. */
export function wholeList<Item>(url: string, data: Item[]): List<Item> {
  return { object: 'list', data, has_more: false, url };
}

/** Metadata after a change: an empty value removes one, an empty parameter all. */
export function mergedMetadata(
  before: Readonly<Record<string, string>> | null,
  given: '' | Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  if (given === '') return {};
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''));
}

/** The members that a request gave, where an empty text unsets. */
export function given<Values extends Readonly<Record<string, unknown>>>(values: Values) {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, value === '' ? null : value])) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined | ''> | null;
  };
}
