import { readFile } from 'node:fs/promises';

/** Resident set of a process in MB, now or at its largest so far, as Linux counts it; elsewhere there is no such figure. */
export async function residentMb(pid: number, which: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6;
}
