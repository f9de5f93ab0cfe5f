import type { Json } from '@vouchsafe/contracts';
import { problems, problemSchemas } from '@vouchsafe/service-host';
import type { UpstreamService } from './service-document.js';

type JsonObject = Record<string, Json>;
type Components = Record<string, JsonObject>;

/**
 * One OpenAPI 3.1 document of all services for callers from outside. What two services call by one name is theirs together where it is
 * the same; where it is not, the name stays with the service that is listed first, and the other's gets its service's name in front:
 * so a name that a client was generated with stays when services are added.
 */
export function mergedDocument(services: readonly UpstreamService[], publicUrl: string): JsonObject {
  const paths: JsonObject = {};
  const components: Components = {};
  for (const { name, document } of services) {
    const renamed = withoutClashes(document as unknown as JsonObject, name, components);
    for (const [path, item] of Object.entries(renamed.paths as Record<string, Record<string, JsonObject>>)) {
      const open = Object.entries(item).filter(([, operation]) => operation['x-permission'] !== 'service');
      if (open.length === 0) continue;
      paths[path] = { ...(paths[path] as JsonObject | undefined), ...Object.fromEntries(open) };
    }
    for (const [section, some] of Object.entries(componentsOf(renamed)))
      components[section] = sorted({ ...components[section], ...some });
  }
  const document = { paths: sorted(paths), components };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vouchsafe',
      version: '1',
      description:
        'The trust backbone of a SaaS: promises carried out, recorded and proved. Problems are RFC 9457 documents. ' +
        'A path that does not exist is answered with 404 `not-found`, a method that the path does not support with 405 ' +
        '`method-not-allowed` (`#/components/responses/MethodNotAllowed`).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // The page's own origin first: from wherever it is read, its requests then need no permission of another site.
    servers: [{ url: '/' }, { url: publicUrl }],
    tags: tagsOf(paths),
    paths: document.paths,
    components: withMethodNotAllowed(usedBy(document)),
  };
}

function componentsOf(document: JsonObject): Components {
  return (document.components ?? {}) as Components;
}

/** Renamed is what is called by a taken name and is not the same, and whatever is the same but for what it refers to. */
function withoutClashes(document: JsonObject, service: string, taken: Components): JsonObject {
  const prefix = service.charAt(0).toUpperCase() + service.slice(1);
  const renamed = new Map<string, string>();
  let before: number;
  do {
    before = renamed.size;
    for (const [section, some] of Object.entries(componentsOf(document))) {
      for (const [name, component] of Object.entries(some)) {
        const [other, reference] = [taken[section]?.[name], `#/components/${section}/${name}`];
        if (other === undefined || renamed.has(reference)) continue;
        if (JSON.stringify(other) === JSON.stringify(withReferences(component, renamed))) continue;
        const own = prefix + name;
        if (own in some || own in (taken[section] ?? {})) throw new Error(`Two components are called ${own}`);
        renamed.set(reference, `#/components/${section}/${own}`);
      }
    }
  } while (renamed.size > before);
  const components = Object.entries(componentsOf(document)).map(([section, some]) => [
    section,
    Object.fromEntries(
      Object.entries(some).map(([name, component]) => [
        renamed.get(`#/components/${section}/${name}`)?.split('/').at(-1) ?? name,
        component,
      ]),
    ),
  ]);
  return withReferences(
    { ...document, components: Object.fromEntries(components) as JsonObject },
    renamed,
  ) as JsonObject;
}

function withReferences(value: Json, renamed: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return renamed.get(value) ?? value;
  if (Array.isArray(value)) return value.map((one) => withReferences(one, renamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withReferences(inner, renamed)]),
  );
}

/** Of what the services' own questions bring along, callers from outside are shown nothing. */
function usedBy({ paths, components }: { paths: JsonObject; components: Components }): Components {
  const used = new Set<string>();
  const visit = (value: Json): void => {
    if (typeof value === 'string' && value.startsWith('#/components/') && !used.has(value)) {
      used.add(value);
      const [, , section = '', name = ''] = value.split('/');
      visit(components[section]?.[name] ?? null);
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(paths);
  const schemes = new Set(
    operationsIn(paths).flatMap(({ security }) => ((security ?? []) as JsonObject[]).flatMap(Object.keys)),
  );
  const entries = Object.entries(components).map(([section, some]) => [
    section,
    Object.fromEntries(
      Object.entries(some).filter(([name]) =>
        section === 'securitySchemes' ? schemes.has(name) : used.has(`#/components/${section}/${name}`),
      ),
    ),
  ]);
  return Object.fromEntries(entries) as Components;
}

/** What is answered where a path has no operation of the method: no operation of the document could list it. */
function withMethodNotAllowed(components: Components): Components {
  const schema = { $ref: '#/components/schemas/MethodNotAllowedProblem' };
  const headers = {
    Allow: { description: 'The methods that the path supports', schema: { type: 'string' } },
  };
  const response = {
    description: `\`method-not-allowed\`: ${problems['method-not-allowed'].title}`,
    headers,
    content: { 'application/problem+json': { schema } },
  };
  return {
    ...components,
    responses: { ...components.responses, MethodNotAllowed: response },
    schemas: sorted({ ...components.schemas, ...problemSchemas(['method-not-allowed']) }),
  };
}

function operationsIn(paths: JsonObject): JsonObject[] {
  return Object.values(paths).flatMap((item) => Object.values(item as Record<string, JsonObject>));
}

function tagsOf(paths: JsonObject): Json {
  const names = operationsIn(paths).flatMap(({ tags }) => (tags ?? []) as string[]);
  return [...new Set(names)].sort().map((name) => ({ name }));
}

function sorted<Value>(some: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(some).sort(([a], [b]) => (a < b ? -1 : 1)));
}
