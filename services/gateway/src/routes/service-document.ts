import { readFile } from 'node:fs/promises';
import { requirements } from '@vouchsafe/service-host';
import { z } from 'zod';

/** The part of a golden OpenAPI document that the gateway lives by; the rest it only hands on to readers. */
const operation = z.looseObject({
  operationId: z.string().min(1),
  summary: z.string().default(''),
  'x-permission': z.enum(requirements),
  'x-operation': z.string().min(1),
  'x-entity': z.strictObject({ type: z.string().min(1), id: z.string().nullable() }),
  'x-effect': z.enum(['read', 'write']),
  'x-response': z.literal('stream').optional(),
  'x-body': z.literal('stream').optional(),
  /** A last path parameter that takes the rest of the path, slashes and all. */
  'x-wildcard': z.string().optional(),
  /** Whose log takes the request's entry, where it is not that of the caller's organization. */
  'x-log': z.literal('operator').optional(),
  /** The header in which the sender signs the body; it is passed on as it came. */
  'x-signed-by': z.string().optional(),
});

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;
const pathItem = z.strictObject(Object.fromEntries(methods.map((method) => [method, operation.optional()])));

const document = z.looseObject({
  openapi: z.string().regex(/^3\.1\./),
  paths: z.record(z.string().startsWith('/'), pathItem),
  components: z
    .looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) })
    .default({ schemas: {} }),
});

/** One service behind the gateway. */
export interface UpstreamService {
  /** Audience of the tokens made for it. */
  readonly name: string;
  /** `http://host:port` */
  readonly origin: string;
  readonly document: z.output<typeof document>;
}

/**
 * Reads a service's golden document.
 * @throws Error that names the operation which lacks one of `x-permission`, `x-operation`, `x-entity`, `x-effect`: the gateway
 * then does not boot (P02, P23)
 */
export async function readServiceDocument(
  name: string,
  file: string | URL,
): Promise<UpstreamService['document']> {
  const read = document.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (read.success) return read.data;
  const lines = read.error.issues.map(({ path, message }) => `  ${path.join(' ')}: ${message}`);
  throw new Error(`The OpenAPI document of ${name} lacks what the gateway needs:\n${lines.join('\n')}`);
}
