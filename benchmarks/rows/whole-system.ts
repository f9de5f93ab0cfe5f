import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@vouchsafe/testing';
import { openDataFolder } from '../../tools/start/data-folder.ts';
import { type RunningSystem, startSystem } from '../../tools/start/system.ts';
import { emailTo } from '../../tools/tour/emails.ts';
import type { Measured } from '../harness.ts';
import type { Load } from '../load.ts';
import { run } from '../programs.ts';

const root = path.join(import.meta.dirname, '../..');

export interface WholeSystem extends RunningSystem {
  /** A user with an organization of their own, verified. */
  readonly user: SignedUp;
  /** Asks the gateway as a person without a session. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: object) => Promise<Response>;
  readonly close: () => Promise<void>;
}

export interface SignedUp {
  readonly organizationId: string;
  readonly userId: string;
  readonly email: string;
  readonly password: string;
}

/** Everything that `npm start` starts, without rate limits, and somebody who has signed up. */
export async function openWholeSystem(): Promise<WholeSystem> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bench-'));
  const unlimited = '9999999/1';
  const system = await startSystem({
    root,
    data: await openDataFolder(folder, () => undefined),
    port: await freePort(),
    say: () => undefined,
    env: {
      VOUCHSAFE_RATE_PER_ADDRESS: unlimited,
      VOUCHSAFE_RATE_PER_ACCOUNT: unlimited,
      VOUCHSAFE_RATE_PER_KEY: unlimited,
      VOUCHSAFE_RATE_PUBLIC_CHANGES: unlimited,
    },
  });
  const ask: WholeSystem['ask'] = async (method, where, body) => {
    const answer = await fetch(system.url + where, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${where} -> ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const close = async () => {
    await system.stop();
    await rm(folder, { recursive: true });
  };
  try {
    await publicServerReady(system.url);
    return { ...system, ask, user: await signUp(system, ask), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The gateway's internal server is ready a moment before its public server. */
async function publicServerReady(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch (error) {
      if (tries === 300) throw error;
      await sleep(100);
    }
  }
}

async function signUp({ mailFolder }: RunningSystem, ask: WholeSystem['ask']): Promise<SignedUp> {
  const documents = await ask('GET', '/v1/legal-documents');
  const { items } = (await documents.json()) as { items: { document: string; version: string }[] };
  const user = { email: 'ada@example.com', name: 'Ada', password: `bench ${randomUUID()}` };
  const signedUp = await ask('POST', '/v1/sign-up', {
    organization: { name: 'Analytical Engines' },
    user,
    accept: items.map(({ document, version }) => ({ document, version })),
  });
  const ids = (await signedUp.json()) as { organizationId: string; userId: string };
  const { token } = await emailTo(mailFolder, user.email);
  await ask('POST', '/v1/sign-up/verification', { token });
  return { ...ids, email: user.email, password: user.password };
}

/** Load from a process of its own, so that neither side pays for it. */
export async function load(asked: Load): Promise<Measured> {
  const program = path.join(import.meta.dirname, '../load.ts');
  return JSON.parse(await run(process.execPath, [program, JSON.stringify(asked)])) as Measured;
}
