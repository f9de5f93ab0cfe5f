import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { Refusal } from '../start/refusal.ts';
import { nextSteps, sliceFiles } from './slice.ts';

const root = path.resolve(import.meta.dirname, '../..');
const usage =
  'npm run generate -- slice <service> <noun>      for example: npm run generate -- slice identity badge';

/** Writes the files of a new slice; touches nothing that is there. */
async function main([what, service = '', noun = '', ...rest]: readonly string[]): Promise<void> {
  if (what !== 'slice' || rest.length > 0) throw new Refusal(usage);
  const source = path.join(root, 'services', service, 'src');
  if (!/^[a-z][a-z-]*$/.test(service) || !existsSync(source))
    throw new Refusal(`There is no service ${JSON.stringify(service)}.\n${usage}`);
  if (!/^[a-z]+(-[a-z]+)*$/.test(noun))
    throw new Refusal(`A noun is written like api-key, not ${JSON.stringify(noun)}.\n${usage}`);
  if (existsSync(path.join(source, noun)))
    throw new Refusal(`services/${service}/src/${noun} is there already; nothing was written.`);
  for (const file of sliceFiles(noun)) {
    const target = path.join(source, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, await format(file.text, { ...(await resolveConfig(target)), filepath: target }));
    console.log(`wrote ${path.relative(root, target)}`);
  }
  console.log(`\n${nextSteps(service, noun)}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Refusal ? error.message : error);
  process.exitCode = 1;
}
