import { spawn } from 'node:child_process';
import path from 'node:path';
import { Refusal } from './refusal.ts';

/** Builds every room that changed; what it says is shown only when it fails. */
export async function build(root: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [path.join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build'],
    {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Refusal(`${output.trim()}\n\nThe build failed (its words are above). Nothing was started.`);
}
