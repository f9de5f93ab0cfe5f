import { testPostgres } from '@vouchsafe/testing';
import { withRoomMigrations } from '@vouchsafe/service-host';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { auditMigrations } from './dist/persistence/migrations.js';
import { Recorder } from './dist/log/record.js';
import { entryOfRequest } from './dist/reactions/access-log.js';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
const postgres = await testPostgres({ durable: true });
const database = await postgres.database('audit', withRoomMigrations(auditMigrations));
const provider = await localKeyProvider(mkdtempSync('/tmp/prof/k') + '/kek.json', { create: true });
const vault = new Vault({ provider, environment: 'b', now: () => new Date() });
const recorder = new Recorder({ vault, originName: 'a.b', now: () => new Date() });
const orgs = Array.from({ length: 16 }, () => ({ id: randomUUID(), users: Array.from({ length: 100 }, () => randomUUID()) }));
let n = 0;
const batch = (size) => Array.from({ length: size }, () => {
  n++; const { id, users } = orgs[n % 16]; const u = users[n % 100]; const at = new Date().toISOString(); const m = randomUUID();
  return entryOfRequest({ requestId: randomUUID(), instanceId: orgs[0].id, sequence: n, organizationId: id, userId: u, sessionId: randomUUID(), actor: { type: 'user', id: u }, staffGrantId: null, method: 'GET', url: `/v1/members/${m}`, route: '/v1/members/{id}', operation: 'member.read', entity: { type: 'member', id: m }, outcome: 'success', status: 200, part: 'whole', bytes: null, sourceIp: `203.0.113.${n % 250}`, userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', receivedAt: at, occurredAt: at, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
});
const size = Number(process.argv[2] ?? 2000);
for (let i = 0; i < Number(process.argv[3] ?? 12); i++) {
  const entries = batch(size);
  const t = performance.now(); const c0 = process.cpuUsage();
  await database.asWorker(async (sql) => {
    const q = sql.query; const times = [];
    const wrapped = Object.assign(Object.create(sql), { query: async (text, values) => { const s = performance.now(); const r = await q(text, values); times.push([text.trim().slice(0, 40), Math.round(performance.now() - s)]); return r; }, afterCommit: sql.afterCommit });
    const a = await recorder.record(wrapped, entries);
    if (a.status !== 'recorded') throw new Error(a.because);
    if (i % 4 === 3) console.log(times.filter(([, t]) => t > 3).map(([a, t]) => `${a}: ${t}`).join(' | '));
  });
  const c = process.cpuUsage(c0); console.log("cpu us/entry", Math.round((c.user + c.system) / size), Math.round(performance.now() - t), 'ms', Math.round(size / (performance.now() - t) * 1000), '/s');
}
await postgres.stop();
