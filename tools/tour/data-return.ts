import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unzip } from '@vouchsafe/testing';
import type { Client } from './client.ts';
import { type Evidence, until, verify } from './evidence.ts';
import { expectThat } from './narrator.ts';

const PATH = '/v1/lifecycle/returns';

interface Return {
  readonly returnId: string;
  readonly status: string;
  readonly parts: readonly { readonly part: number; readonly size: number; readonly sha256: string }[];
}

/** All of the organization's data comes back, as files that anyone can read and check (P30). */
export async function dataReturn({ narrator, root, output }: Evidence, owner: Client): Promise<void> {
  const { step, tell } = narrator;
  step(
    'She takes the data of her organization with her: every table as CSV, every file as it was stored (P30).',
  );
  const { returnId } = (await owner.post(PATH, { body: {}, expect: 201 })).json() as Return;
  const ready = await until(async () => {
    const shown = (await owner.get(`${PATH}/${returnId}`, { expect: 200, quiet: true })).json() as Return;
    return shown.status === 'ready' ? shown : undefined;
  });
  const folder = path.join(output, 'return');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const names: string[] = [];
  for (const { part, size, sha256 } of ready.parts) {
    const { bytes } = await owner.get(`${PATH}/${returnId}/parts/${part}`, { expect: 200 });
    const isWhole = bytes.length === size && createHash('sha256').update(bytes).digest('hex') === sha256;
    expectThat(isWhole, `Part ${part} is not the one that was announced`);
    names.push(...(await unzip(bytes, folder)));
  }
  const tables = names.filter((name) => name.endsWith('.csv'));
  tell(`${folder}: ${tables.length} tables\n${tables.join(' ')}`);
  const members = await readFile(path.join(folder, 'members.csv'), 'utf8');
  tell(`members.csv:\n${members.trimEnd()}`);

  step('Anyone can check offline that the operator returned just these files.');
  const { keys } = (await owner.get('/v1/lifecycle/certificate-keys', { expect: 200 })).json() as {
    keys: readonly { vkey: string }[];
  };
  const known = path.join(output, 'return-keys.vkey');
  await writeFile(known, `${keys.map(({ vkey }) => vkey).join('\n')}\n`);
  const { code, said } = await verify(root, path.join(folder, 'manifest.note'), known);
  tell(said);
  expectThat(code === 0, 'The verifier does not accept the returned data');
}
