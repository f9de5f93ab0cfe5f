/**
 * The rules of who may import whom (ARCHITECTURE.md, rules 1 and 2), for dependency-cruiser. They are made from packages.json, the only
 * file with the order of the packages; ARCHITECTURE.md's map is drawn from it, too.
 */
import { readFileSync } from 'node:fs';

const packages = JSON.parse(readFileSync(new URL('packages.json', import.meta.url), 'utf8'));

/** Specs, and what only specs import, may look at everything that helps a test. */
const testOnly = String.raw`\.(spec|fixture)\.ts$|/src/testing/`;
const pureFiles = String.raw`^services/[^/]+/src/.*\.(events|decider|published)\.ts$`;
const entityFiles = String.raw`^services/[^/]+/src/.*\.entity\.ts$`;
/** What runs migrations, and what makes entity managers. */
const mikroOrmFiles = '^libs/database/src/(migrations|entity-manager)[.]ts$';
const mikroOrm = '(^|/)(@mikro-orm|kysely)(/|$)';
const purePackages = packages.libs.filter(({ pure }) => pure).map(({ name }) => name);

export const forbidden = [
  ...packages.libs.map(onlyPackagesBelow),
  {
    name: 'services-do-not-import-one-another',
    comment:
      'Rule 2 of ARCHITECTURE.md: services meet through contracts on the bus, and HTTP with an internal token.',
    severity: 'error',
    from: { path: '^services/([^/]+)/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'libs-do-not-import-services',
    comment: 'Rule 2 of ARCHITECTURE.md: imports go downwards only.',
    severity: 'error',
    from: { path: '^libs/' },
    to: { path: '^(services|tests|tools|benchmarks)/' },
  },
  {
    name: 'production-code-does-not-import-tests-or-tools',
    comment: 'What is deployed must not need what is not.',
    severity: 'error',
    from: { path: '^services/', pathNot: testOnly },
    to: { path: `^(tests|tools|benchmarks)/|^libs/testing/` },
  },
  {
    name: 'packages-are-imported-by-their-index',
    comment:
      'A package shows what index.ts exports; its other files are its own. The lists of services and permissions, and how commands read their arguments, are needed before anything is built.',
    severity: 'error',
    from: { path: '^(libs|services|tests|tools|benchmarks)/([^/]+)/' },
    to: {
      path: '^libs/',
      pathNot: [
        '^$1/$2/',
        String.raw`^libs/[^/]+/src/index\.ts$`,
        String.raw`^libs/contracts/src/services\.ts$`,
        String.raw`^libs/service-host/src/(command-line|permissions|dead-letters/arguments)\.ts$`,
        String.raw`\.json$`,
      ],
    },
  },
  {
    name: 'pure-code-imports-only-pure-code',
    comment:
      'Rule 1 of ARCHITECTURE.md: no Nest, no MikroORM, no node:, no clock, no randomness; they come in with the command.',
    severity: 'error',
    from: { path: [`^libs/(${purePackages.join('|')})/src/`, pureFiles], pathNot: testOnly },
    to: {
      pathNot: [
        String.raw`^services/[^/]+/src/`,
        `^libs/(${purePackages.join('|')})/src/`,
        `(^|/)node_modules/(${packages.pureImports.join('|')})/`,
        '^(node:)?crypto$',
      ],
      // A type is gone when the program runs, and brings nothing along.
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'pure-slices-import-only-pure-slices',
    comment: 'Rule 1 of ARCHITECTURE.md: an impure neighbor would bring its clock and its database along.',
    severity: 'error',
    from: { path: pureFiles, pathNot: testOnly },
    to: {
      path: String.raw`^services/[^/]+/src/.*(\.(controller|module|projection|entity|guard|interceptor|store|migrations?)\.ts$|/persistence/|/reactions/)`,
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'pure-code-does-not-hash',
    comment: 'Rule 1 of ARCHITECTURE.md: crypto for its hashes, and in transparency-log alone.',
    severity: 'error',
    from: {
      path: [
        `^libs/(${purePackages.filter((name) => !packages.hashingPackages.includes(name)).join('|')})/src/`,
        pureFiles,
      ],
      pathNot: testOnly,
    },
    to: { path: '^(node:)?crypto$' },
  },
  {
    name: 'the-verifier-shares-no-code-with-a-writer',
    comment:
      "What writes a bundle must not decide whether it is right, and a reader must see all that decides: libs/verify has the log's code, Node's own modules and nothing else (ADR 0027).",
    severity: 'error',
    from: { path: '^libs/verify/src/', pathNot: testOnly },
    to: {
      pathNot: ['^libs/verify/src/', String.raw`^libs/transparency-log/src/index\.ts$`],
      dependencyTypesNot: ['core'],
    },
  },
  {
    name: 'mikroorm-is-loaded-when-asked-for',
    comment: 'An exporter has a bound on its memory, never migrates and has no entities (ADR 0035, 0037).',
    severity: 'error',
    from: { path: '^libs/database/src/', pathNot: [testOnly, mikroOrmFiles] },
    to: {
      path: [mikroOrm, mikroOrmFiles],
      dynamic: false,
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'only-entities-and-the-database-know-mikroorm',
    comment:
      'A slice says what its tables are mapped to in *.entity.ts; the database opens it on a transaction (ADR 0037).',
    severity: 'error',
    from: {
      path: '^(libs|services)/',
      pathNot: [testOnly, entityFiles, '^libs/database/src/', '^libs/testing/src/entity-difference[.]ts$'],
    },
    to: { path: mikroOrm, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-circular',
    comment: 'A circle is one thing cut in two: one of types, too.',
    severity: 'error',
    from: { path: '^(libs|services|tests|tools|benchmarks)/' },
    to: { circular: true },
  },
  {
    name: 'every-import-resolves',
    comment:
      'But for programs against a client that a suite generates, and for what a suite puts into a former release.',
    severity: 'error',
    from: {
      path: '^(libs|services|tests|tools|benchmarks)/',
      pathNot: '^tests/(clients/programs/|former/.*[.]overlay[.]js$)',
    },
    to: { couldNotResolve: true },
  },
];

function onlyPackagesBelow({ name, imports }) {
  return {
    name: `${name}-imports-only-packages-below`,
    comment: `Rule 2 of ARCHITECTURE.md: ${name} may import ${imports.length ? imports.join(', ') : 'no other package'}.`,
    severity: 'error',
    from: { path: `^libs/${name}/`, pathNot: testOnly },
    to: { path: '^libs/', pathNot: `^libs/(${[name, ...imports].join('|')})/` },
  };
}
