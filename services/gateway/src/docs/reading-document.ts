import type { Json } from '@vouchsafe/contracts';
import { type ProblemCode, problems } from '@vouchsafe/service-host';

type JsonObject = Readonly<Record<string, Json>>;
type Paths = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;

/** An operation as the page lists it. */
export interface ListedOperation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly operation: JsonObject;
  readonly problems: readonly ProblemCode[];
}

export function operationsOf(document: object): ListedOperation[] {
  const { paths } = document as { readonly paths: Paths };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...{ method, path, operation },
      summary: typeof operation.summary === 'string' ? operation.summary : '',
      problems: ((operation['x-problems'] ?? []) as string[]).filter(isProblemCode).toSorted(byStatus),
    })),
  );
}

/** What every operation can answer with; the page says it once. */
export function commonProblems(operations: readonly ListedOperation[]): ReadonlySet<ProblemCode> {
  const [first, ...others] = operations;
  return new Set(
    first?.problems.filter((code) => others.every((operation) => operation.problems.includes(code))),
  );
}

export function anchorOf(code: ProblemCode): string {
  return `error-${code}`;
}

/**
 * The document as a person reads it: of each operation what it answers when all is well, and a line of links to its errors, in place of
 * some fifteen blocks that differ by a word. Programs read `/openapi.json`, which has all of them.
 */
export function readingDocument(document: object): object {
  const operations = operationsOf(document);
  const common = commonProblems(operations);
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, operation, problems: codes } of operations) {
    const own = codes.filter((code) => !common.has(code));
    (paths[path] ??= {})[method] = {
      ...operation,
      description: `${typeof operation.description === 'string' ? `${operation.description}\n\n` : ''}${errorLine(own)}`,
      responses: successes(operation.responses as JsonObject),
    };
  }
  return { ...document, paths };
}

function errorLine(codes: readonly ProblemCode[]): string {
  const links = codes.map((code) => `${problems[code].status} [${code}](#${anchorOf(code)})`);
  return `**Errors:** ${[...links, '[those for every operation](#errors-of-every-operation)'].join(', ')}`;
}

function successes(responses: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(responses).filter(([status]) => Number(status) < 400));
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}

function byStatus(a: ProblemCode, b: ProblemCode): number {
  return problems[a].status - problems[b].status || (a < b ? -1 : 1);
}
