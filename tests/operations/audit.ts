import type { Requests } from '../openapi.fixtures.ts';
import {
  exportRequest,
  inDays,
  marked,
  newEntry,
  recorded,
  requestExport,
  withCheckpoint,
} from '../openapi.world.ts';
import { eventually } from '../system/eventually.ts';

export const requests: Requests = {
  'audit-entry.record': (world) => ({ as: world.backEnd, body: { entries: [newEntry(world)] } }),
  'audit-entry.list': (world) => ({
    as: world.backEnd,
    query: { entityId: world.owner.userId, limit: '10', order: 'newest', from: '2026-01-01' },
  }),
  'audit-entry.read': async (world) => {
    const { logId, index } = await recorded(world);
    return { as: world.backEnd, params: { logId, index: String(index) } };
  },
  'audit-log.list': ({ backEnd }) => ({ as: backEnd }),
  'audit-log.checkpoint': async (world) => ({
    as: world.backEnd,
    params: { log: (await withCheckpoint(world)).logId },
  }),
  'audit-log.tile': async (world) => {
    const { logId, size } = await withCheckpoint(world);
    const path = size >= 256 ? '0/000' : `0/000.p/${size}`;
    return { as: world.backEnd, params: { log: logId, path } };
  },
  'audit-reader.create': async (world) => ({
    as: world.owner.browser,
    body: { name: 'auditor', logId: (await recorded(world)).logId, expiresAt: inDays(30) },
    refers: true,
  }),
  'audit-reader.list': ({ owner }) => ({ as: owner.browser }),
  'audit-reader.revoke': async (world) => {
    await recorded(world);
    const { readerId } = (await world.owner.browser.must(201, 'POST', '/v1/audit/readers', {
      body: { name: 'auditor' },
    })) as { readerId: string };
    return { as: world.owner.browser, params: { readerId: marked(world, readerId) } };
  },
  'audit-export.request': async (world) => {
    await recorded(world);
    return { as: world.owner.browser, body: exportRequest };
  },
  'audit-export.read': async (world) => ({
    as: world.owner.browser,
    params: { exportId: await requestExport(world) },
  }),
  'audit-export.download': async (world) => {
    const exportId = await requestExport(world);
    await eventually('The export', async () => {
      const { status } = (await world.owner.browser.must(200, 'GET', `/v1/audit/exports/${exportId}`)) as {
        status: string;
      };
      return status === 'ready' ? true : undefined;
    });
    return { as: world.owner.browser, params: { exportId } };
  },
};
