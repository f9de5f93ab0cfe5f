import { readFile, writeFile } from 'node:fs/promises';

/**
 * Compares a document with the golden file, or writes it when `update`. Returns the differing lines, empty when same.
 * A change of the interface is seen in review, and the gateway boots from these files.
 */
export async function compareGolden(
  file: string | URL,
  document: object,
  update: boolean,
): Promise<string[]> {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (update) await writeFile(file, text);
  const golden = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  return text
    .split('\n')
    .flatMap((line, index) => (line === golden[index] ? [] : [`${index + 1}: ${line}`]))
    .slice(0, 20);
}
