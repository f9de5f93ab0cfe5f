import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { innerServiceNames } from '@vouchsafe/contracts';
import { openApiFiles } from './services.ts';

const root = path.resolve(import.meta.dirname, '../..');

it('the interface of every service behind the gateway is its golden OpenAPI document (npm run golden writes it)', async () => {
  const files = await openApiFiles(root, 'src');
  expect(files.map((file) => file.path)).toEqual(
    innerServiceNames.map((name) => `services/${name}/golden/openapi.json`),
  );
  for (const file of files) expect(await readFile(path.join(root, file.path), 'utf8')).toBe(file.text);
});
