import type { UpstreamService } from './service-document.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/**
 * One OpenAPI 3.1 document of all services for callers from outside. Schemas of different services never meet: each gets its
 * service's name in front, but for the problem document, which all have from one place.
 */
export function mergedDocument(services: readonly UpstreamService[], publicUrl: string): JsonObject {
  const paths: JsonObject = {};
  const schemas: JsonObject = {};
  for (const { name, document } of services) {
    const prefixed = withPrefixedSchemas(document as unknown as JsonObject, name);
    for (const [path, item] of Object.entries(prefixed.paths as Record<string, Record<string, JsonObject>>)) {
      const open = Object.entries(item).filter(([, operation]) => operation['x-permission'] !== 'service');
      if (open.length === 0) continue;
      const operations = open.map(([method, operation]) => [
        method,
        { ...operation, tags: [name], security: securityOf(operation) },
      ]);
      paths[path] = {
        ...(paths[path] as JsonObject | undefined),
        ...Object.fromEntries(operations),
      } as JsonObject;
    }
    Object.assign(schemas, (prefixed.components as { schemas?: JsonObject } | undefined)?.schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vouchsafe',
      version: '1',
      description:
        'The trust backbone of a SaaS: promises carried out, recorded and proved. Problems are RFC 9457 documents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // The page's own origin first: from wherever it is read, its requests then need no permission of another site.
    servers: [{ url: '/' }, { url: publicUrl }],
    tags: services.map(({ name }) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas,
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-vouchsafe-session',
          description: 'Set by POST /v1/sessions',
        },
        apiKey: { type: 'http', scheme: 'bearer', description: 'A key made by POST /v1/api-keys' },
      },
    },
  };
}

function securityOf(operation: JsonObject): Json {
  if (operation['x-permission'] === 'public') return [];
  // Sessions alone have a person behind them.
  return operation['x-permission'] === 'session' ? [{ session: [] }] : [{ session: [] }, { apiKey: [] }];
}

const SHARED = 'Problem';

function withPrefixedSchemas(document: JsonObject, service: string): JsonObject {
  const prefix = service.charAt(0).toUpperCase() + service.slice(1);
  const rename = (name: string): string => (name === SHARED ? name : `${prefix}.${name}`);
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const target =
          key === '$ref' && typeof inner === 'string'
            ? /^#\/components\/schemas\/(.+)$/.exec(inner)?.[1]
            : undefined;
        return [key, target === undefined ? visit(inner) : `#/components/schemas/${rename(target)}`];
      }),
    );
  };
  const visited = visit(document) as JsonObject & { components?: { schemas?: JsonObject } };
  const schemas = Object.entries(visited.components?.schemas ?? {}).map(([name, schema]) => [
    rename(name),
    schema,
  ]);
  return {
    ...visited,
    components: { ...visited.components, schemas: Object.fromEntries(schemas) as JsonObject },
  };
}
