import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unpackCode } from '../../tools/fixture/code.ts';
import { root } from '../system/root.ts';

/** The release before this code, as it left itself behind (docs/adr/0036). */
export interface FormerRelease {
  readonly version: string;
  /** `tests/releases/<version>`. */
  readonly fixture: string;
  /** A folder of this run; whoever asked for the release removes it. */
  readonly scratch: string;
  /** Where its code lies and runs. */
  readonly code: string;
}

/** The folder of the newest release that there is. */
export async function newestFixture(): Promise<string> {
  const releases = path.join(root, 'tests/releases');
  const byNumber = new Intl.Collator('en', { numeric: true });
  const version = (await readdir(releases)).sort((one, other) => byNumber.compare(one, other)).at(-1);
  if (version === undefined) throw new Error('No release left anything in tests/releases');
  return path.join(releases, version);
}

/** Unpacks the newest release that there is. */
export async function formerRelease(): Promise<FormerRelease> {
  const fixture = await newestFixture();
  const scratch = await mkdtemp(path.join(tmpdir(), 'vouchsafe-former-'));
  // Started by root, Postgres runs as a user of its own, who must be able to pass.
  await chmod(scratch, 0o711);
  const code = path.join(scratch, 'code');
  await unpackCode(path.join(fixture, 'code.tar.zst'), code, root);
  return { version: path.basename(fixture), fixture, scratch, code };
}
