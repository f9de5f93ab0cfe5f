import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A file system of its own, so that it can be filled without harm. */
export interface SmallDisk {
  readonly folder: string;
  /** Writes until nothing fits any more. */
  fill(): void;
  /** Takes away what `fill` wrote. */
  free(): void;
  remove(): void;
}

export function smallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouchsafe-small-disk-'));
  try {
    const options = `size=${megabytes}m,mode=0711`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  const filler = path.join(folder, 'filler');
  return {
    folder,
    fill: () => {
      fill(filler);
      if (statfsSync(folder).bavail >= 16) throw new Error('The disk did not get full');
    },
    free: () => rmSync(filler, { force: true }),
    remove: () => {
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Null where a file system can be mounted; it takes root. */
export function whyNoSmallDisk(): string | null {
  try {
    smallDisk(1).remove();
    return null;
  } catch {
    return 'a file system of its own cannot be mounted here (it takes root)';
  }
}

function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  for (const size of [1 << 20, 4096]) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(descriptor);
}
