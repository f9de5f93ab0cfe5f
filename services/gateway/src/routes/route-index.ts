/** @promise P11 gives questions between services no public route */
import type { Requirement } from '@vouchsafe/service-host';
import type { UpstreamService } from './service-document.js';

/** One operation that callers from outside may reach, as its service's document declares it. */
export interface Route {
  readonly service: Pick<UpstreamService, 'name' | 'origin'>;
  readonly method: string;
  /** The pattern: `/v1/members/{id}`. */
  readonly path: string;
  readonly permission: Requirement;
  readonly operation: string;
  readonly entity: { readonly type: string; readonly id: string | null };
  readonly effect: 'read' | 'write';
  readonly stream: boolean;
  /** The body is passed on as it arrives. */
  readonly upload: boolean;
  /** Whose log the entry belongs to. */
  readonly log: 'caller' | 'operator';
  /** The header in which another system signs what it sends; null where nobody does. */
  readonly signedBy: string | null;
  /** The last path parameter takes the rest of the path, slashes and all. */
  readonly wildcard: boolean;
}

export type Found =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly allowed: readonly string[] }
  | null;

interface Node {
  readonly fixed: Map<string, Node>;
  variable: Node | null;
  /** Of a parameter that takes the rest of the path. */
  rest: Node | null;
  readonly routes: Map<string, { readonly route: Route; readonly names: readonly string[] }>;
}

/**
 * Finds the operation of a path; `allowed` names the methods where only the method is wrong. Not by find-my-way, which Fastify uses:
 * it takes an empty segment for a parameter, decodes what it gives out, and drops what follows a `#`, so that the access log
 * and the check of a permission would see another path than the one that is passed on (P11, P23).
 */
export class RouteIndex {
  private readonly root = newNode();
  private readonly operations = new Set<string>();

  /** Questions between services (`service`) are not for callers from outside: they get no route at all (P11). */
  constructor(services: readonly UpstreamService[]) {
    for (const service of services) {
      for (const [path, item] of Object.entries(service.document.paths)) {
        for (const [method, operation] of Object.entries(item)) {
          if (!operation || operation['x-permission'] === 'service') continue;
          this.add({
            service: { name: service.name, origin: service.origin },
            method: method.toUpperCase(),
            path,
            permission: operation['x-permission'],
            operation: operation['x-operation'],
            entity: operation['x-entity'],
            effect: operation['x-effect'],
            stream: operation['x-response'] === 'stream',
            upload: operation['x-body'] === 'stream',
            log: operation['x-log'] ?? 'caller',
            signedBy: operation['x-signed-by'] ?? null,
            wildcard: operation['x-wildcard'] !== undefined && path.endsWith(`/{${operation['x-wildcard']}}`),
          });
        }
      }
    }
  }

  find(method: string, path: string): Found {
    const segments = path.split('/').slice(1);
    const found = walk(this.root, segments, 0, []);
    if (!found) return null;
    const match = found.node.routes.get(method);
    if (!match) return { allowed: [...found.node.routes.keys()].sort() };
    const params = Object.fromEntries(match.names.map((name, index) => [name, found.values[index] ?? '']));
    return { route: match.route, params };
  }

  private add(route: Route): void {
    if (this.operations.has(route.operation))
      throw new Error(`Two services declare the operation ${route.operation}`);
    this.operations.add(route.operation);
    const names: string[] = [];
    let node = this.root;
    for (const segment of route.path.split('/').slice(1)) {
      const name = /^\{(.+)\}$/.exec(segment)?.[1];
      if (name === undefined) {
        const next = node.fixed.get(segment) ?? newNode();
        node.fixed.set(segment, next);
        node = next;
      } else {
        names.push(name);
        const isRest = route.wildcard && names.length === variablesOf(route.path);
        if (isRest) node = node.rest ??= newNode();
        else node = node.variable ??= newNode();
      }
    }
    if (node.routes.has(route.method)) throw new Error(`Two operations answer ${route.method} ${route.path}`);
    node.routes.set(route.method, { route, names });
  }
}

function newNode(): Node {
  return { fixed: new Map(), variable: null, rest: null, routes: new Map() };
}

function variablesOf(path: string): number {
  return path.split('/{').length - 1;
}

/** A fixed segment goes before a variable one, as in the services' own router. */
function walk(
  node: Node,
  segments: readonly string[],
  at: number,
  values: readonly string[],
): { node: Node; values: readonly string[] } | null {
  const segment = segments[at];
  if (segment === undefined) return node.routes.size > 0 ? { node, values } : null;
  const fixed = node.fixed.get(segment);
  const found = fixed && walk(fixed, segments, at + 1, values);
  if (found) return found;
  if (segment === '') return null;
  const one = node.variable && walk(node.variable, segments, at + 1, [...values, segment]);
  if (one || !node.rest) return one;
  return { node: node.rest, values: [...values, segments.slice(at).join('/')] };
}

/**
 * A path that no two programs read differently. What the gateway checks must be what the service executes, so everything
 * that a URL parser folds away is refused: empty and dot segments, backslashes, escaped slashes and dots, and escapes of characters
 * that need none (RFC 3986, 6.2.2.2): `%39` is `9` to the service, and would stand as another id in the access log (P23).
 */
export function isUnambiguousPath(path: string): boolean {
  if (!/^(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@%]*)+$/.test(path)) return false;
  const segments = path.split('/').slice(1);
  return segments.every((segment, index) => {
    if (segment === '') return index === segments.length - 1;
    return !FOLDED_AWAY.test(segment) && segment !== '.' && segment !== '..';
  });
}

/** NUL, `%`, `/`, `\\`, and the unreserved characters: digits, letters, `-`, `.`, `_`, `~`. */
const FOLDED_AWAY = /%(?:00|25|2f|5c|3[0-9]|[46][1-9a-f]|[57][0-9a]|2[de]|5f|7e)/i;
