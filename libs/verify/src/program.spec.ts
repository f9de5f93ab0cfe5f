import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeVerifierKey } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, bundleFixture } from './bundle.fixture.js';
import { runProgram, singleFile, type Ran } from './program.fixture.js';

/** The real program, as a process: an exit code from 0 to 3 is a verdict that was reached and told, and nothing else is. */
const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-program-'));
const [bundle, broken, keys] = ['bundle.zip', 'broken.zip', 'keys.vkey'].map((name) =>
  join(folder, name),
) as [string, string, string];
const vkeys = [LOG.key, EXPORTER.key].map(encodeVerifierKey);
let file: string;
let zip: Buffer;

beforeAll(async () => {
  ({ file } = singleFile(folder));
  ({ zip } = await bundleFixture({ size: 20, first: 3, last: 12 }));
  writeFileSync(bundle, zip);
  const at = zip.indexOf('"outcome":"success"') + 17;
  writeFileSync(broken, zip.with(at, (zip[at] ?? 0) ^ 1));
  writeFileSync(keys, `${vkeys.join('\n')}\n`);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const verify = (args: readonly string[], options?: Parameters<typeof runProgram>[2]): Ran =>
  runProgram(file, args, options);
const HOLDS = 'HOLDS, against the keys that you gave';

describe('a verdict', () => {
  it('is an exit code, and words on standard output', () => {
    expect(verify([bundle, '--vkey', keys])).toMatchObject({
      code: 0,
      out: expect.stringContaining(HOLDS),
      err: '',
    });
    expect(verify([broken, '--vkey', keys])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/entries\.ndjson, line \d+: the log has another entry/),
    });
    expect(verify([keys])).toMatchObject({ code: 2, out: expect.stringContaining('CANNOT BE READ') });
    expect(verify([bundle])).toMatchObject({ code: 3, out: expect.stringContaining('ONLY AGAINST') });
  });

  it('does not depend on the number of threads', () => {
    for (const args of [[bundle], [bundle, '--vkey', keys], [broken, '--vkey', keys], [keys]]) {
      const [one, ...more] = ['1', '2', '8'].map((count) => verify([...args, '--threads', count]));
      for (const other of more) expect(other).toEqual(one);
    }
  });

  it.each([
    ['is closed', '"$@" >&-', 'ended with 0'],
    ['is a full disk', '"$@" >/dev/full', 'ended with 74'],
    ['is a pipe whose reader is gone', '"$@"', 'ended with 74'],
    ['and the other one are pipes whose reader is gone', '"$@" 2>&1', 'ended with 74'],
  ])('never becomes another verdict when the output %s', (_, command, ended) => {
    // The reader closes its end, and then says so.
    const shell = `
      mkfifo "$GATE"
      { read gone <"$GATE"; ${command}; echo "ended with $?" >&2; } | { exec <&-; echo gone >"$GATE"; }`;
    const gate = join(mkdtempSync(join(folder, 'gate-')), 'gate');
    const { err } = verify([bundle, '--vkey', keys], { shell, env: { GATE: gate } });
    expect(err).toContain(ended);
    // The verdict is told where it still can be.
    expect(err.includes(HOLDS)).toBe(ended.endsWith('74') && !command.includes('2>&1'));
  });
});

describe('the bundle', () => {
  it.each([
    ['through a pipe', 'cat "$BUNDLE" | "$@" - --vkey "$KEYS"'],
    ['as standard input', '"$@" - --vkey "$KEYS" <"$BUNDLE"'],
    ['as /dev/stdin', '"$@" /dev/stdin --vkey "$KEYS" <"$BUNDLE"'],
    ['as /dev/stdin, a pipe', 'cat "$BUNDLE" | "$@" /dev/stdin --vkey "$KEYS"'],
    [
      'as a named pipe',
      'mkfifo "$TMPDIR.pipe"; cat "$BUNDLE" >"$TMPDIR.pipe" & "$@" "$TMPDIR.pipe" --vkey "$KEYS"',
    ],
  ])('can come %s; nothing is left of it', (_, shell) => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const ran = verify([], { shell, env: { TMPDIR: temporary, BUNDLE: bundle, KEYS: keys } });
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(HOLDS), err: '' });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('that cannot be read is said to be so: 2', () => {
    const [empty, locked] = [join(folder, 'empty.zip'), join(folder, 'locked.zip')];
    writeFileSync(empty, '');
    const told = (name: string, input?: Buffer): string => {
      const { code, out } = verify([name], input && { input });
      return `${code}: ${out.replace(/^.*CANNOT BE READ: /, '')}`;
    };
    expect(told(join(folder, 'missing.zip'))).toBe('2: there is no such file.\n');
    expect(told(join(empty, 'below.zip'))).toBe('2: there is no such file.\n');
    expect(told(folder)).toBe('2: it is a folder; give the ZIP file itself.\n');
    expect(told(empty)).toBe('2: it is empty.\n');
    expect(told('/dev/null')).toBe('2: it is empty.\n');
    expect(told('-', Buffer.alloc(0))).toBe('2: it is empty.\n');
    expect(told('-', zip.subarray(0, -1))).toBe('2: it does not end as a ZIP file of a bundle does.\n');
    // Standard input that is open for writing alone: the first read fails.
    const { code, out } = verify([], { shell: '"$@" - 0>/dev/null' });
    expect([code, out]).toEqual([2, expect.stringContaining('EBADF: bad file descriptor, read')]);
    writeFileSync(locked, zip);
    chmodSync(locked, 0);
    // Root reads it all the same.
    if (process.getuid?.() !== 0) expect(told(locked)).toBe('2: this user may not read it.\n');
  });
});

describe('a file of keys', () => {
  const text = vkeys.join('\n');
  it.each<[string, string | Buffer]>([
    ['a byte order mark', `\ufeff${text}\n`],
    ['the line ends of Windows', `${vkeys.join('\r\n')}\r\n`],
    ['no last line end', text],
    ['spaces, tabs, comments and empty lines', `# ours\n\n  ${vkeys.join(' \t\n \n')}\t\n#`],
    ['a byte order mark before a comment', `\ufeff# ours\r\n${vkeys.join('\r\n')}`],
    ['UTF-16, as Windows PowerShell writes it', Buffer.from(`\ufeff${vkeys.join('\r\n')}\r\n`, 'utf16le')],
  ])('may have %s', (_, content) => {
    const odd = join(folder, 'odd.vkey');
    writeFileSync(odd, content);
    expect(verify([bundle, '--vkey', odd])).toMatchObject({ code: 0, err: '' });
  });

  it.each([
    ['that is none', 'nonsense\n', /line 1: not a verifier key/],
    ['that is empty', '# nothing\n', /there is no key/],
    ['with a line that is none', `${text}\nnonsense\n`, /line 3: not a verifier key/],
  ])('%s is a wrong use of the command, and no verdict: 64', (_, content, words) => {
    const bad = join(folder, 'bad.vkey');
    writeFileSync(bad, content);
    expect(verify([bundle, '--vkey', bad])).toMatchObject({
      code: 64,
      out: '',
      err: expect.stringMatching(words),
    });
  });
});

describe('no verdict is an exit code of its own', () => {
  it.each([
    ['no bundle', []],
    ['two bundles', ['a.zip', 'b.zip']],
    ['an unknown option', ['a.zip', '--force']],
    ['a key that is none', ['a.zip', '--vkey', 'nonsense']],
    ['no thread', ['a.zip', '--threads', '0']],
    ['a number of threads that is none', ['a.zip', '--threads', '2x']],
    ['too many threads', ['a.zip', '--threads', '100']],
    ['help beside a bundle', ['a.zip', '--help']],
    ['a file of the name of an option, with keys', ['-h', '--vkey', keys]],
  ])('64 for %s, with how it is used', (_, args) => {
    expect(verify(args)).toMatchObject({ code: 64, out: '', err: expect.stringContaining('Usage') });
  });

  it.each(['--help', '-h'])('%s alone prints the usage, on standard output', (word) => {
    expect(verify([word])).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: /), err: '' });
    const { err } = verify([word], { shell: '"$@" >/dev/full; echo "ended with $?" >&2' });
    expect(err).toMatch(/^Usage: [\s\S]*ended with 74$/m);
    expect(err).not.toContain('could not write');
  });

  /** Something in Node.js is broken at the moment when the bundle, which comes through a pipe, is about to be kept. */
  const breaking = (what: string): string =>
    encodeURIComponent(`
      import fsp from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const { mkdtemp } = fsp;
      fsp.mkdtemp = (...args) => { ${what}; return mkdtemp(...args); };
      syncBuiltinESMExports();`);
  it.each([
    ['it throws', breaking('throw new TypeError("a bug")'), /a bug/],
    [
      'memory is short',
      breaking('new Uint8Array(2 ** 53 - 1)'),
      /Invalid typed array length|allocation failed/,
    ],
    [
      'something else in the process throws',
      breaking('setImmediate(() => { throw new Error("else") })'),
      /else/,
    ],
    ['a promise is rejected', breaking('Promise.reject(new Error("rejected"))'), /rejected/],
    ['it waits for what never comes', breaking('return new Promise(() => {})'), /^$/],
    [
      'Node.js is too old',
      encodeURIComponent('Object.defineProperty(process, "versions", { value: { node: "20.9.0" } })'),
      /20\.15 or newer is needed/,
    ],
  ])('70 when %s', (_, preload, words) => {
    const ran = verify(['-', '--vkey', keys], { preload, input: zip, env: { TMPDIR: folder } });
    expect(ran).toMatchObject({ code: 70, out: '', err: expect.stringMatching(words) });
  });

  /** Something in a thread that checks entries is broken. */
  const breakingThreads = (what: string): string =>
    encodeURIComponent(`
      import threads from 'node:worker_threads';
      import { syncBuiltinESMExports } from 'node:module';
      ${what};
      syncBuiltinESMExports();`);
  it.each([
    [
      'a thread cannot start',
      breakingThreads('threads.Worker = function () { throw new Error("no thread to be had") }'),
      /no thread to be had/,
    ],
    [
      'a thread fails as it starts',
      breakingThreads('if (!threads.isMainThread) throw new Error("not in a thread")'),
      /not in a thread/,
    ],
    [
      'a thread ends by itself, as if all was well',
      breakingThreads('if (!threads.isMainThread) threads.parentPort.once("message", () => process.exit(0))'),
      /A thread ended by itself \(0\)/,
    ],
    [
      'a thread throws',
      breakingThreads(
        'if (!threads.isMainThread) threads.parentPort.postMessage = () => { throw new Error("a bug") }',
      ),
      /a bug/,
    ],
  ])('70 when %s', (_, preload, words) => {
    for (const one of [bundle, broken]) {
      const ran = verify([one, '--vkey', keys, '--threads', '2'], { preload });
      expect(ran).toMatchObject({ code: 70, out: '', err: expect.stringMatching(words) });
      // What is broken is in none of them: one thread needs no other.
      expect(verify([one, '--vkey', keys, '--threads', '1'], { preload }).code).toBe(one === bundle ? 0 : 1);
    }
  });

  it('70 when what comes through a pipe cannot be written, with the true cause', () => {
    const shell = 'ulimit -f 1; "$@" - --vkey "$KEYS"';
    const ran = verify([], { shell, input: zip, env: { TMPDIR: folder, KEYS: keys } });
    expect(ran).toMatchObject({
      code: 70,
      out: '',
      err: expect.stringMatching(/EFBIG: file too large, write/),
    });
  });
});
