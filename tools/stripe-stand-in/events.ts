import { z } from 'zod';
import { created, flag, paging, parameters } from './parameters.ts';
import { isWithin, pageOf, type Routes } from './routes.ts';

export const eventRoutes: Routes = {
  'GET /v1/events': ({ world, form, route }) => {
    const {
      type,
      types,
      created: times,
      delivery_success: delivered,
      ...page
    } = parameters(form, {
      ...{ type: z.string().optional(), types: z.array(z.string()).max(20).optional() },
      ...{ created: created.optional(), delivery_success: flag.optional() },
      ...paging,
    });
    const found = world
      .all('event')
      .filter((one) => isWithin(one, times) && (type === undefined || matches(one.type, type)))
      .filter((one) => types === undefined || types.some((wanted) => matches(one.type, wanted)))
      .filter((one) => delivered === undefined || (one.pending_webhooks === 0) === delivered);
    return pageOf(route, found, page);
  },
  'GET /v1/events/:id': ({ world, path }) => world.get('event', path('id')),
};

/** `customer.*` is every one that begins so. */
function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}
