import path from 'node:path';
import { build } from '../build/workspace.ts';
import { openDataFolder } from './data-folder.ts';
import { options as taken, startOptions, type StartOptions, tourCommand, usage } from './options.ts';
import { requirePort } from './port.ts';
import { runCommand } from '../../libs/service-host/src/command-line.ts';
import type { RunningSystem } from './system.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** `npm start`: a whole Vouchsafe on this machine, until Ctrl-C. */
async function main(options: StartOptions): Promise<void> {
  const { aborted, signal } = stopSignal();

  const data = await openDataFolder(options.data, say);
  process.once('exit', data.release);
  await requirePort(options.port);
  say('Building ...');
  const began = performance.now();
  await build(root);
  say(`build      done in ${seconds(began)} s`);
  if (signal.aborted) return;

  // The packages can be imported once they are built.
  const { startSystem } = await import('./system.ts');
  const system = await startSystem({
    root,
    data,
    port: options.port,
    kafka: options.kafka,
    say,
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (!system) {
    say('Stopped before it was ready.');
    return;
  }
  say(welcome(system, options, seconds(began)));
  try {
    await Promise.race([aborted, system.broken]);
  } finally {
    say('Stopping ...');
    await system.stop();
  }
  say('Stopped. The data is kept; the next start continues with it.');
}

function welcome(
  { url, mailFolder, logsFolder }: RunningSystem,
  options: StartOptions,
  took: string,
): string {
  return `
Vouchsafe is ready (${took} s).

  API        ${url}/v1
  API page   ${url}/docs
  mail       ${mailFolder}   (emails are written here: no SMTP server is set)
  logs       ${logsFolder}
  data       ${options.data}

See it at work, in another terminal:  ${tourCommand(url, options, root)}
Stop it:  Ctrl-C
`;
}

/** Settles at the first Ctrl-C or SIGTERM; npm and the terminal may both send one, so later ones change nothing. */
function stopSignal(): { aborted: Promise<void>; signal: AbortSignal } {
  const controller = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (!controller.signal.aborted) say(`\n${name} ...`);
        controller.abort();
        resolve();
      });
    }
  });
  return { aborted, signal: controller.signal };
}

function say(line: string): void {
  console.log(line);
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

await runCommand({ usage, options: taken }, ({ values }) => main(startOptions(values, process.env, root)));
