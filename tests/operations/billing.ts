import type { Requests } from '../openapi.fixtures.ts';
import { marked, type World } from '../openapi.world.ts';

export const requests: Requests = {
  'billing.list': ({ owner }) => ({ as: owner.browser }),
  'billing.create': ({ owner }) => ({ as: owner.browser }),
  'billing.retire': async (world) => ({ as: world.owner.browser, params: { id: await created(world) } }),
};

async function created(world: World): Promise<string> {
  const { billingId } = (await world.owner.browser.must(201, 'POST', '/v1/billings')) as {
    billingId: string;
  };
  return marked(world, billingId);
}
