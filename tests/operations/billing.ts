import type { Requests } from '../openapi.fixtures.ts';

export const requests: Requests = {
  'price.list': ({ owner }) => ({ as: owner.browser }),
};
