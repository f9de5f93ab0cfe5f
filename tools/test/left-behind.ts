import { spawn } from 'node:child_process';
import type { Step } from './step.ts';

/** A suite's process, in short: it starts a server, says where, and waits to be killed. */
const holder = `
  const { testPostgres } = await import('@vouchsafe/testing');
  console.log(new URL((await testPostgres()).adminUrl).port);
  setInterval(() => undefined, 1000);
`;

/** What ADR 0024 says of a process that could not clean up: its container outlives it, but not the next start. */
export function leavesNothingBehind(root: string): Step {
  return {
    name: "a killed process's container is taken away",
    run: async () => {
      const { listens, removeLeftContainers } = await import('@vouchsafe/testing');
      const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const port = await new Promise<number>((resolve, reject) => {
        child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
        child.once('exit', () => reject(new Error('The server did not start')));
      });
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const outlived = await listens(port);
      await removeLeftContainers();
      const stayed = await listens(port);
      return {
        ok: outlived && !stayed,
        output: stayed ? 'Its container stayed.' : 'Its container was gone before: nothing was shown.',
      };
    },
  };
}
