import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@vouchsafe/testing';
import { openDataFolder } from '../start/data-folder.ts';
import { type RunningSystem, startSystem } from '../start/system.ts';

const root = path.resolve(import.meta.dirname, '../..');

// The story waits for a second TOTP step, and for two whole systems to start.
jest.setTimeout(480_000);

describe('npm run tour', () => {
  let folder: string;
  let system: RunningSystem;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-tour-'));
    const quiet = () => undefined;
    const data = await openDataFolder(path.join(folder, 'data'), quiet);
    system = await startSystem({ root, data, port: await freePort(), say: quiet });
  });
  afterAll(async () => {
    await system.stop();
    await rm(folder, { recursive: true });
  });

  async function tour(url: string, output: string) {
    const args = ['--url', url, '--data', path.join(folder, 'data'), '--output', output];
    const child = spawn(process.execPath, ['tools/bootstrap.mjs', 'tour', ...args], { cwd: root });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, said };
  }

  it('tells the whole story, each step held, and again on the same data', async () => {
    for (const output of ['first', 'second'].map((name) => path.join(folder, name))) {
      const { code, said } = await tour(system.url, output);
      expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('Every step held') });
      expect(said).toContain('HOLDS, against the keys that you gave');
      expect(said).toContain('DOES NOT HOLD');
      expect(said).toContain('This is the last part.');
      expect(await readFile(path.join(output, 'return/members.csv'), 'utf8')).toContain('Ada Lovelace');
      expect(said).toContain('billing.all-subscriptions-ended, entry');
      expect((await readFile(path.join(output, 'bundle.zip'))).subarray(0, 2).toString()).toBe('PK');
    }
  });

  it('says that nothing answers, where nothing does', async () => {
    const { code, said } = await tour(`http://127.0.0.1:${await freePort()}`, path.join(folder, 'none'));
    expect(code).toBe(1);
    expect(said).toContain('Is `npm start` running');
  });
});
