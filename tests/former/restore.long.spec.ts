/** @promise P10 a backup of a former release is restored with the erasures that came after it */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { unpack } from '../../tools/fixture/archive.ts';
import type { Facts } from '../../tools/fixture/facts.ts';
import { type Ran, runTool } from '../system/command.ts';
import { startForTests } from '../system/running-system.ts';
import { newestFixture } from './release.ts';

/** An operator's commands on what a former release left behind, before this one was started on it. */
describe('the data of the former release, which this one has not started on', () => {
  let scratch: string;
  let data: string;
  let backup: string;
  let facts: Facts;
  let taken: Ran;
  /** The files of key-encryption keys, as the former release left them. */
  let keks: readonly string[];
  /** Of the services that the former release had. */
  const kekFiles = () =>
    Promise.all(
      serviceNames
        .filter((name) => name in facts.events)
        .map((name) => readFile(path.join(data, 'secrets', `${name}.kek`), 'utf8')),
    );

  beforeAll(async () => {
    const fixture = await newestFixture();
    facts = JSON.parse(await readFile(path.join(fixture, 'facts.json'), 'utf8')) as Facts;
    scratch = await mkdtemp(path.join(tmpdir(), 'vouchsafe-former-'));
    // Started by root, Postgres runs as a user of its own, who must be able to pass.
    await chmod(scratch, 0o711);
    [data, backup] = [path.join(scratch, 'data'), path.join(scratch, 'backup')];
    await unpack(path.join(fixture, 'data.tar.zst'), data);
    keks = await kekFiles();
    taken = await runTool('backup/backup.ts', ['--to', backup, '--data', data]);
  }, 120_000);
  afterAll(() => rm(scratch, { recursive: true, force: true }), 60_000);

  it('is backed up', () => {
    expect(taken).toMatchObject({ code: 0 });
    expect(existsSync(path.join(backup, 'WHOLE'))).toBe(true);
  });

  const id = '00000000-0000-4000-8000-000000000000';
  it.each([
    ['keys/keys.ts', ['rotate-kek']],
    ['keys/keys.ts', ['retire-keks']],
    ['keys/keys.ts', ['rotate-organization', id]],
    ['keys/keys.ts', ['rotate-person', id, id]],
    ['keys/keys.ts', ['seal-marked']],
    ['keys/keys.ts', ['scrub']],
    ['dead-letters/dead-letters.ts', ['list', '--service', 'identity']],
    ['dead-letters/dead-letters.ts', ['list', '--service', 'audit']],
  ])(
    'is left as it is by %s %j, which says what to do first',
    async (script, args) => {
      const ran = await runTool(script, [...args, '--data', data]);
      expect(ran).toMatchObject({
        code: 1,
        output: expect.stringContaining('Start the system once with this release first'),
      });
      expect(ran.output).toContain('Nothing was changed');
      expect(ran.output).not.toMatch(/^ {4}at /m);
      expect(await kekFiles()).toEqual(keks);
    },
    60_000,
  );

  it.each([
    ['production', 'VOUCHSAFE_ENVIRONMENT is "production": set it'],
    [undefined, 'VOUCHSAFE_ENVIRONMENT is not set, which means "development": set it'],
  ])(
    'is not restored in the environment %j: the message names the variable',
    async (environment, words) => {
      const ran = await runTool('backup/restore.ts', ['--from', backup, '--data', data, '--replace'], {
        VOUCHSAFE_ENVIRONMENT: environment,
      });
      expect(ran).toMatchObject({ code: 1, output: expect.stringContaining(words) });
      expect(ran.output).toContain('Nothing was changed');
      expect(ran.output).not.toContain('Restore data/secrets');
    },
    120_000,
  );

  it('is restored, with who was erased, and started on', async () => {
    const restored = await runTool('backup/restore.ts', ['--from', backup, '--data', data, '--replace']);
    expect(restored).toEqual({
      code: 0,
      output: expect.stringMatching(/[1-9]\d* people stay erased [^]*\n[1-9]\d* logs are closed/),
    });
    const system = await startForTests({ VOUCHSAFE_LOG_NAME: facts.logName }, { folder: data });
    await system.stop();
    const elsewhere = await runTool('keys/keys.ts', ['rotate-kek', '--data', data], {
      VOUCHSAFE_ENVIRONMENT: undefined,
    });
    expect(elsewhere).toMatchObject({
      code: 1,
      output: expect.stringMatching(
        /Nothing was changed\.\nKeys open only .* VOUCHSAFE_ENVIRONMENT is not set/,
      ),
    });
    expect(await kekFiles()).toEqual(keks);
  }, 240_000);
});
