import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceName } from '@vouchsafe/contracts';
import { Refusal } from '../../libs/service-host/src/command-line.ts';
import { environmentOf, internalUrl, type Surroundings } from './services.ts';

export interface ServiceProcess {
  readonly name: ServiceName;
  readonly pid: number;
  readonly url: string;
  /** Where its health and its metrics are asked: the gateway's are not on its public server. */
  readonly healthUrl: string;
  readonly log: string;
  /** Settles when the process is gone, wanted or not; says how it went. */
  readonly exited: Promise<string>;
  /** Waits until the service says that it can serve. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Asks it to end and waits; kills it when it takes longer than 30 seconds. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const readyWithin = 120_000;
/** kafkajs 2.2.4 sets timers with a negative delay; Node would print a warning that is not JSON. */
const quiet = ['--disable-warning=TimeoutNegativeWarning'];

/** Starts a service's built program as a process of its own, in a group of its own: this process alone ends it. */
export async function startService(
  name: ServiceName,
  { root, logs, ...surroundings }: Surroundings & { readonly root: string; readonly logs: string },
): Promise<ServiceProcess> {
  const log = path.join(logs, `${name}.log`);
  const file = await open(log, 'a', 0o600);
  const from = (await file.stat()).size;
  const main = path.join(root, 'services', name, 'dist', 'bundle', 'main.js');
  // Tracing is loaded before all that it watches; it stays off unless the standard OTEL_ variables ask for it.
  const child = spawn(process.execPath, [...quiet, '--import', '@vouchsafe/service-host/telemetry', main], {
    cwd: path.join(root, 'services', name),
    env: { ...inherited(process.env), ...environmentOf(name, surroundings) },
    stdio: ['ignore', file.fd, file.fd],
    detached: true,
  });
  await file.close();
  let gone = false;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code ?? 0}`));
  });
  void exited.then(() => (gone = true));
  const url = `http://127.0.0.1:${surroundings.ports[name]}`;
  return {
    name,
    pid: child.pid ?? 0,
    url,
    healthUrl: internalUrl(name, surroundings),
    log,
    exited,
    ready: async (signal) => {
      const until = performance.now() + readyWithin;
      while (!(await isReady(internalUrl(name, surroundings)))) {
        signal?.throwIfAborted();
        if (gone) throw await death(name, await exited, log, from);
        if (performance.now() > until) {
          throw await death(name, `not ready within ${readyWithin / 1000} seconds`, log, from);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: async () => {
      if (gone) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await exited;
      clearTimeout(timer);
    },
    kill: (signal) => child.kill(signal),
  };
}

/** What to tell of a service that ended by itself: how, and its last words since this start. */
export async function death(name: string, how: string, log: string, from = 0): Promise<Refusal> {
  const lines = (await readFile(log)).subarray(from).toString().trimEnd().split('\n').slice(-20);
  return new Refusal(
    `The ${name} service ended (${how}). The end of its log, ${log}:\n${lines.map((line) => `  | ${line}`).join('\n')}`,
  );
}

/** Only what a program needs to run, and what the person set for Vouchsafe; not the shell's other secrets. */
export function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names =
    /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|NODE_OPTIONS|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|OTEL_.*|VOUCHSAFE_.*|[Hh][Tt][Tt][Pp][Ss]?_[Pp][Rr][Oo][Xx][Yy]|[Nn][Oo]_[Pp][Rr][Oo][Xx][Yy])$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
