import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from '../build/workspace.ts';
import { Refusal, runCommand } from '../../libs/service-host/src/command-line.ts';
import { narrator, StepFailed } from './narrator.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run tour -- [--url http://127.0.0.1:8080] [--data data] [--output tour-output]

Plays the story of Vouchsafe against a running system (npm start), as an HTTP client would.

  --url     where the gateway answers                  (or VOUCHSAFE_PORT)
  --data    the system's data folder, for its emails  (or VOUCHSAFE_DATA)
  --output  where the evidence is left`;

const options = {
  url: { type: 'string', default: `http://127.0.0.1:${process.env.VOUCHSAFE_PORT ?? '8080'}` },
  data: { type: 'string', default: process.env.VOUCHSAFE_DATA ?? 'data' },
  output: { type: 'string', default: 'tour-output' },
} as const;

interface Asked {
  readonly url: string;
  readonly data: string;
  readonly output: string;
}

async function tour(asked: Asked): Promise<void> {
  await build(root);
  // The packages can be imported once they are built.
  const { apiKey, invitation, secondFactor, signUp } = await import('./story.ts');
  const { billing } = await import('./billing.ts');
  const { dataReturn } = await import('./data-return.ts');
  const { entries, forensicExport, proof, verification } = await import('./evidence.ts');

  const began = performance.now();
  const teller = narrator();
  const setting = {
    url: asked.url.replace(/\/+$/, ''),
    mailFolder: path.resolve(root, asked.data, 'mail'),
    narrator: teller,
  };
  const evidence = { narrator: teller, root, output: path.resolve(root, asked.output) };
  console.log(`The tour, against ${setting.url}`);

  const signedUp = await signUp(setting);
  const owner = await secondFactor(setting, signedUp);
  await invitation(setting, owner, signedUp);
  const backEnd = await apiKey(setting, owner);
  const entry = await entries(evidence, backEnd);
  await proof(evidence, backEnd, entry);
  const { bundle, keys } = await forensicExport(evidence, owner);
  await verification(evidence, bundle, keys, await readFile(bundle));
  await dataReturn(evidence, owner);
  await billing(evidence);

  console.log(
    `\nEvery step held (${((performance.now() - began) / 1000).toFixed(0)} s). The evidence is yours: ${evidence.output}`,
  );
}

await runCommand({ usage, options }, ({ values }) =>
  tour(values).catch((error: unknown) => {
    const expected = error instanceof StepFailed || error instanceof Refusal;
    throw expected ? new Refusal(`The tour ends here: ${error.message}`) : error;
  }),
);
