/** An existing file, and the change to its text. */
interface ChangedFile {
  readonly path: string;
  readonly change: (text: string) => string;
}

/** The service's line in the list of services, and its names in the files that the compiler and npm read. */
export function changesFor(name: string): ChangedFile[] {
  const line = `  ${name}: { holds: '${name}s', public: false, consumes: ['identity', 'lifecycle'] },\n`;
  return [
    {
      path: 'libs/contracts/src/services.ts',
      change: (text) => before(text, '} as const satisfies', line),
    },
    {
      path: 'libs/contracts/src/facts.ts',
      change: (text) => {
        const imported = before(
          text,
          'import { type ServiceName',
          `import * as ${name}Facts from './${name}/index.js';\n`,
        );
        const mapped = before(imported, '} satisfies', `  ${name}: ${name}Facts,\n`);
        return mapped.replace(/^export \{ (.*) \};$/m, `export { $1, ${name}Facts };`);
      },
    },
    { path: 'package-lock.json', change: (text) => linked(text, name) },
    { path: 'node_modules/.package-lock.json', change: (text) => linked(text, name) },
  ];
}

function before(text: string, mark: string, added: string): string {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`There is no ${JSON.stringify(mark)} to write before`);
  return text.slice(0, at) + added + text.slice(at);
}

/** A workspace without packages of its own, as npm writes one. */
function linked(text: string, name: string): string {
  const lock = JSON.parse(text) as { packages: Record<string, object> };
  const [folder, link] = [`services/${name}`, `node_modules/@vouchsafe/${name}`];
  lock.packages[folder] = { name: `@vouchsafe/${name}`, version: '0.1.0', license: 'Apache-2.0' };
  lock.packages[link] = { resolved: folder, link: true };
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`;
}
