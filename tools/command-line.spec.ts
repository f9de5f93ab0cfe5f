import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serviceNames } from '@vouchsafe/contracts';
import { readArguments, UsageError, wholeNumber } from '../libs/service-host/src/command-line.ts';

const root = path.resolve(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};
/** The scripts of package.json that run our own programs, as npm starts them, and other programs that people start by hand. */
const commands = [
  ...Object.entries(scripts).flatMap(([name, line]) => {
    const [, program] = /^(?:exec )?node (tools\/.*)$/.exec(line) ?? [];
    return program === undefined ? [] : [[`npm run ${name}`, program.split(' ')] as const];
  }),
  ...serviceNames.map(
    (name) => [`dead-letters of ${name}`, [`services/${name}/dist/bundle/dead-letters.js`]] as const,
  ),
  ['the bootstrap', ['tools/bootstrap.mjs']] as const,
  ['the verifier', ['libs/verify/dist/vouchsafe-verify.mjs']] as const,
];

const nobody = '00000000-0000-4000-8000-000000000000';

function run(program: readonly string[], ...args: string[]) {
  // No command may reach a real system: nothing listens at this address.
  const env = { ...process.env, NODE_OPTIONS: '', VOUCHSAFE_DATABASE_URL: 'postgres://127.0.0.1:9/none' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('every command', () => {
  it('is in the list', () => {
    for (const name of [
      'start',
      'test',
      'dead-letters',
      'keys',
      'verifier',
      'generate',
      'docs',
      'lock',
      'test:long',
      'test:stripe',
    ])
      expect(commands.map(([command]) => command)).toContain(`npm run ${name}`);
  });

  it.each(commands)('%s prints its usage for --help, on standard output, and ends with 0', (_, program) => {
    expect(run(program, '--help')).toEqual({ code: 0, out: expect.stringMatching(/^Usage: \S/), err: '' });
  });

  it.each(commands)(
    '%s refuses an unknown option, of which it repeats no control character: it prints its usage, and ends with 64',
    (_, program) => {
      const { code, out, err } = run(program, '--no-such-\u001b[2J\u009b1m\u202e\u2028-option\nUsage: none');
      expect({ code, out }).toEqual({ code: 64, out: '' });
      expect(err).toContain('--no-such-');
      expect(err).toMatch(/^Usage: \S/m);
      expect(err).not.toMatch(/^Usage: none/m);
      expect(err).not.toMatch(/^ {4}at /m);
      expect(err).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    },
  );

  it.each([
    ['backup', [], '--to is needed'],
    ['restore', [], '--from is needed'],
    ['keys', [], 'Give a command'],
    ['keys', ['rotate-all'], 'Unknown command "rotate-all"'],
    ['keys', ['toString'], 'Unknown command "toString"'],
    ['keys', ['list', 'identity'], 'list takes no argument'],
    ['keys', ['rotate-kek', 'identity'], 'rotate-kek takes no argument'],
    ['keys', ['retire-keks', 'identity'], 'retire-keks takes no argument'],
    ['keys', ['seal-marked', 'identity'], 'seal-marked takes no argument'],
    ['keys', ['scrub', 'identity'], 'scrub takes no argument'],
    ['keys', ['rotate-organization'], 'rotate-organization takes ORGANIZATION'],
    ['keys', ['rotate-organization', nobody, nobody], 'rotate-organization takes ORGANIZATION'],
    ['keys', ['rotate-organization', 'acme'], '"acme" is not an id'],
    ['keys', ['rotate-person', nobody], 'rotate-person takes ORGANIZATION and USER'],
    ['keys', ['rotate-person', nobody, nobody, nobody], 'rotate-person takes ORGANIZATION and USER'],
    ['dead-letters', [], 'Give one of list, replay, discard'],
    ['dead-letters', ['list', 'audit'], 'Give one of list, replay, discard'],
    ['dead-letters', ['list', '--message', '1'], 'list takes no --message'],
    ['dead-letters', ['list', '--service', 'nobody'], `--service must be one of ${serviceNames.join(', ')}`],
    ['bench', ['append-2'], 'There is no row "append-2"'],
    ['bench', ['--scale', '2'], '--scale takes a number'],
    ['test:long', ['--kills', 'many'], '--kills takes a whole number from 1'],
    ['test:stripe', [], 'STRIPE_SECRET_KEY must be a key'],
    ['generate', ['slice'], 'Give a slice'],
    ['docs', ['all'], "Unexpected argument 'all'"],
  ])('npm run %s -- %j says what is wrong, and does nothing', (name, args, words) => {
    const program = commands.find(([command]) => command === `npm run ${name}`)?.[1] ?? [];
    const { code, out, err } = run(program, ...args);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(words);
    expect(err).toContain('\n\nUsage: ');
  });
});

describe('the arguments of a command', () => {
  const command = { usage: 'Usage: lamp', options: { color: { type: 'string' } } } as const;

  it('are its own options, and help', () => {
    expect(readArguments(command, ['--color', 'red'])).toEqual({ values: { color: 'red' }, positionals: [] });
    expect(readArguments(command, ['--color', 'red', '-h'])).toBe('help');
    expect(readArguments({ ...command, takesPositionals: true }, ['on'])).toMatchObject({
      positionals: ['on'],
    });
  });

  it.each([[['on']], [['--color']], [['--colour', 'red']], [['--help=no']]])('are not %j', (args) => {
    expect(() => readArguments(command, args)).toThrow(UsageError);
  });

  it.each([['--color', 'red\u001b[2J'], ['--color=red\u009b2J'], ['on\noff'], ['\u202eno']])(
    'have no control characters, wherever they stand: %j',
    (...args: string[]) => {
      expect(() => readArguments({ ...command, takesPositionals: true }, args)).toThrow(
        /^The argument "[\x20-\x7e]*\\u[0-9a-f]{4}[\x20-\x7e]*" contains control characters\.$/,
      );
    },
  );

  it('hold whole numbers within bounds', () => {
    expect(wholeNumber('--port', '8080', 1, 65_535)).toBe(8080);
    for (const text of ['', '0', '65536', '8.5', '1e3', '-1', ' 1', '0x10'])
      expect(() => wholeNumber('--port', text, 1, 65_535)).toThrow(
        '--port takes a whole number from 1 to 65535',
      );
  });
});
