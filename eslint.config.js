import js from '@eslint/js';
import { readFileSync } from 'node:fs';
import tseslint from 'typescript-eslint';

const packages = JSON.parse(readFileSync(new URL('tools/rules/packages.json', import.meta.url), 'utf8'));
const pureFiles = [
  ...packages.libs.filter(({ pure }) => pure).map(({ name }) => `libs/${name}/src/**/*.ts`),
  ...packages.pureFiles,
];

const noEnum = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of literals (CONTRIBUTING.md, Style).',
};
const noOtherDecider = {
  selector: "ImportSpecifier[imported.name='decider']",
  message:
    'A decider stands in <noun>.decider.ts, where the rules of pure code find it (ARCHITECTURE.md, A service inside).',
};
const whatIsBound =
  'What is bound into stored data comes from stored-names.ts (ADR 0040): with another name nothing that is stored opens or is found.';
const noBoundLiterals = [
  { selector: 'CallExpression[callee.property.name=/^keyedHash/] > Literal', message: whatIsBound },
  {
    selector: "CallExpression[callee.name='associatedData'] > ArrayExpression > Literal:first-child",
    message: whatIsBound,
  },
  {
    selector:
      'FunctionDeclaration[id.name=/([cC]ontext|contextOf|AssociatedData)$/] ReturnStatement ArrayExpression > Literal:first-child',
    message: whatIsBound,
  },
];
const noClock = 'Rule 1 of ARCHITECTURE.md: pure code has no clock; time comes in with the command.';
const noRandomness = 'Rule 1 of ARCHITECTURE.md: pure code has no randomness; ids come in with the command.';
const noOutside = 'Rule 1 of ARCHITECTURE.md: pure code touches nothing outside itself.';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      'data/**',
      'tour-output/**',
      'tests/clients/programs/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      // A member that is named only to leave it out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // MikroORM and Nest hand out structural types for their classes by design.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-restricted-syntax': ['error', noEnum],
    },
  },
  {
    files: ['services/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    rules: { 'no-restricted-syntax': ['error', noEnum, noOtherDecider, ...noBoundLiterals] },
  },
  {
    files: ['libs/{vault,event-store,messaging,service-host}/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    rules: { 'no-restricted-syntax': ['error', noEnum, ...noBoundLiterals] },
  },
  {
    files: pureFiles,
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noEnum,
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: noClock },
        { selector: "CallExpression[callee.name='Date']", message: noClock },
        { selector: "MemberExpression[object.name='Date'][property.name='now']", message: noClock },
        { selector: "MemberExpression[object.name='Math'][property.name='random']", message: noRandomness },
        { selector: 'ImportSpecifier[imported.name=/^(random|generateKey)/]', message: noRandomness },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'performance', message: noClock },
        { name: 'setTimeout', message: noClock },
        { name: 'setInterval', message: noClock },
        { name: 'crypto', message: noRandomness },
        { name: 'process', message: noOutside },
        { name: 'fetch', message: noOutside },
        { name: 'console', message: noOutside },
      ],
    },
  },
  {
    // Node runs these as they are, and strips types only.
    files: ['tools/**/*.ts', 'benchmarks/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noEnum,
        { selector: 'TSParameterProperty', message: 'Node strips types; this one makes code.' },
        { selector: 'TSModuleDeclaration', message: 'Node strips types; this one makes code.' },
        { selector: 'Decorator', message: 'Node strips types; this one makes code.' },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        require: 'readonly',
        module: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
);
