import { z } from 'zod';
import type { Form } from './form.ts';
import { invalid, type Problem } from './problem.ts';

/** Forms hold text alone; these read what it stands for. */
export const whole = z
  .string()
  .regex(/^-?\d{1,15}$/, 'integer')
  .transform(Number);
export const flag = z.enum(['true', 'false'], 'boolean').transform((text) => text === 'true');
export const text = z.string().max(5000);
/** `metadata[name]=`, and `metadata=` to remove all. */
export const metadata = z.union([z.literal(''), z.record(z.string().max(40), z.string().max(500))]);
export const address = z.union([z.literal(''), z.record(z.string(), z.string())]);
/** Times of a list: one, or a range. */
export const created = z.union([
  whole,
  z.strictObject({ gt: whole, gte: whole, lt: whole, lte: whole }).partial(),
]);
/** What every request takes. */
const common = { expand: z.array(z.string()).optional() };
/** What every list takes. */
export const paging = {
  limit: whole.pipe(z.int().min(1).max(100)).optional(),
  starting_after: z.string().optional(),
  ending_before: z.string().optional(),
};

/**
 * Reads a request's parameters, and answers what it does not know as Stripe does.
 * @throws Problem 400 for an unknown or missing parameter and a value of another type
 */
export function parameters<Shape extends z.ZodRawShape>(form: Form, shape: Shape) {
  const read = z.strictObject({ ...shape, ...common }).safeParse(form);
  if (!read.success) throw problemOf(read.error.issues);
  return read.data as z.output<z.ZodObject<Shape & typeof common>>;
}

function problemOf(issues: readonly z.core.$ZodIssue[]): Problem {
  const [issue] = issues;
  if (!issue) return invalid('Invalid request');
  const param = named(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const unknown = named([...issue.path, issue.keys[0] ?? '']);
    return invalid(`Received unknown parameter: ${unknown}`, { param: unknown, code: 'parameter_unknown' });
  }
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return invalid(`Missing required param: ${param}.`, { param, code: 'parameter_missing' });
  if (issue.message === 'integer')
    return invalid(`Invalid integer: ${param}`, { param, code: 'parameter_invalid_integer' });
  return invalid(`Invalid ${param}: ${issue.message}`, { param });
}

function named([first, ...rest]: readonly PropertyKey[]): string {
  return [String(first ?? ''), ...rest.map((step) => `[${String(step)}]`)].join('');
}
