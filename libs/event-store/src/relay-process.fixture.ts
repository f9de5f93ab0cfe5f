import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '@vouchsafe/database';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { accountPublishing } from './account.fixture.js';
import { startRelay } from './index.js';

/** A relay as a process of its own, whose bus takes page n when there is a file `page-<n>` in its folder, or one `every-page`. */
const { DATABASE_URL = '', PASSWORD = '', FOLDER = '' } = process.env;
const database = new Database({ service: 'bank', url: DATABASE_URL, password: () => PASSWORD });
const vault = new Vault({
  provider: await localKeyProvider(path.join(FOLDER, 'kek.json')),
  environment: 'test',
  now: () => new Date(),
});
const delivered = new Set<string>();
let pages = 0;
startRelay({
  database,
  vault,
  publishing: [accountPublishing],
  send: async (messages) => {
    pages += 1;
    console.log(`sending page ${pages}.`);
    const isTaken = (name: string): boolean => existsSync(path.join(FOLDER, name));
    while (!isTaken(`page-${pages}`) && !isTaken('every-page')) await sleep(20);
    for (const { id } of messages) delivered.add(id);
    console.log(`delivered ${delivered.size}.`);
  },
  sendPositions: () => Promise.resolve(),
  pace: { idle: 50, retry: 50 },
});
