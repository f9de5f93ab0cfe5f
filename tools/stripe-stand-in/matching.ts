/** The route of a table that fits a request, and what stands in its path for `:id`. */
export function matched<Handler>(
  routes: Readonly<Record<string, Handler>>,
  method: string,
  path: string,
): { readonly handler: Handler; readonly path: (name: string) => string } | undefined {
  const steps = path.split('/');
  for (const [route, handler] of Object.entries(routes)) {
    const [verb, pattern = ''] = route.split(' ');
    const names = pattern.split('/');
    if (verb !== method || names.length !== steps.length) continue;
    if (!names.every((name, nth) => name.startsWith(':') || name === steps[nth])) continue;
    return {
      handler,
      path: (name) => decodeURIComponent(steps[names.indexOf(`:${name}`)] ?? ''),
    };
  }
  return undefined;
}
