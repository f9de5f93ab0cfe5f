import { problem, type ProblemError } from './problems.js';

/** The routes that exist, to tell a wrong method (405, with `Allow`) from an unknown path (404). */
export class RouteTable {
  private readonly routes: { method: string; pattern: RegExp }[] = [];

  add(methods: string | readonly string[], path: string): void {
    const pattern = new RegExp(`^${path.split('/').map(segmentPattern).join('/')}$`);
    for (const method of typeof methods === 'string' ? [methods] : methods)
      this.routes.push({ method, pattern });
  }

  missing(method: string, url: string): ProblemError {
    const path = url.split('?', 1)[0] ?? url;
    const allowed = this.routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method);
    if (allowed.length === 0 || allowed.includes(method)) return problem('not-found');
    return problem('method-not-allowed', { headers: { allow: [...new Set(allowed)].sort().join(', ') } });
  }
}

function segmentPattern(segment: string): string {
  if (segment === '*') return '.*';
  return segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.+?^${}()|[\]\\*]/g, '\\$&');
}
