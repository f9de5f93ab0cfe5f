import { describe, expect, it } from '@jest/globals';
import { maskedUrl } from '../access-log/masked-url.js';
import { RouteIndex } from './route-index.js';
import { readServiceDocument } from './service-document.js';

const golden = new URL('../../../audit/golden/openapi.json', import.meta.url);
const reader = `reader_${'A'.repeat(43)}`;

describe("the audit log's paths for tlog-tiles clients", () => {
  it('lead to the service with the rest of the path in one parameter, and into the operator’s log', async () => {
    const document = await readServiceDocument('audit', golden);
    const routes = new RouteIndex([{ name: 'audit', origin: 'http://127.0.0.1:1', document }]);
    for (const rest of ['0/000', '0/x001/x234/067', 'entries/x001/234.p/5']) {
      const found = routes.find('GET', `/v1/audit/logs/${reader}/tile/${rest}`);
      expect(found).toMatchObject({
        route: { operation: 'audit-log.tile', log: 'operator' },
        params: { log: reader, path: rest },
      });
    }
    expect(routes.find('GET', `/v1/audit/logs/${reader}/checkpoint`)).toMatchObject({
      route: { operation: 'audit-log.checkpoint', log: 'operator' },
    });
    expect(routes.find('GET', `/v1/audit/logs/${reader}/tile/`)).toBeNull();
    expect(routes.find('POST', `/v1/audit/logs/${reader}/tile/0/000`)).toEqual({ allowed: ['GET'] });
  });

  it('show no reader’s id in a log, and ids that are no secrets as they are', () => {
    expect(maskedUrl(`/v1/audit/logs/${reader}/tile/0/x001/067`)).toBe('/v1/audit/logs/***/tile/0/x001/067');
    const open = '/v1/audit/entries/5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01/7';
    expect(maskedUrl(open)).toBe(open);
  });
});
