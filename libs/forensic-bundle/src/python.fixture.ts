import { execFileSync } from 'node:child_process';

/** A Python that other people's readers and schemas run on; undefined where there is none. */
export const python = ['python3', 'python'].find((name) => {
  try {
    const hasAll = 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)';
    execFileSync(name, ['-c', hasAll], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** Behind the title of a suite that is skipped. */
export const withoutPython =
  python === undefined ? ' (skipped: there is no Python 3.10 on this machine)' : '';
