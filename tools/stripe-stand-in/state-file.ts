import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Kind, Stored } from './objects.ts';
import type { Records } from './records.ts';

/** One line of the file. */
export type Change =
  | { readonly put: Stored }
  | { readonly removed: string; readonly kind: Kind }
  | { readonly record: keyof Records; readonly id: string; readonly value: Records[keyof Records] | null }
  | { readonly offset: number };

/** Lines that a file may have before it is looked at, and how many times what it must say. */
const [FEW, TIMES] = [1_000, 4];

/** What was changed, line by line, so that a restart continues with it. Without a folder nothing is kept. */
export class StateFile {
  private lines: string[] = [];
  private written = 0;
  /** Lines at which it is looked at again whether the file is too long. */
  private lookAt = FEW;
  private readonly file: string | undefined;

  constructor(folder: string | undefined) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.file = path.join(folder, 'stripe-stand-in.jsonl');
  }

  read(): Change[] {
    if (this.file === undefined || !existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    // The last line of a process that was killed may be cut off: nobody was answered for it.
    if (lines.at(-1) !== '') this.rewrite(lines.slice(0, -1));
    this.written = lines.length - 1;
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Change);
  }

  append(change: Change): void {
    if (this.file !== undefined) this.lines.push(JSON.stringify(change));
  }

  /** @param everything what the file must say, if it is written anew */
  flush(everything: () => readonly Change[]): void {
    if (this.file === undefined || this.lines.length === 0) return;
    if (!this.appended(this.file)) return;
    this.written += this.lines.length;
    this.lines = [];
    if (this.written < this.lookAt) return;
    const all = everything();
    if (this.written > TIMES * all.length) this.shorten(all);
    this.lookAt = Math.max(FEW, this.written * 2);
  }

  /** A disk that is full may have room again: what could not be written whole is written with what comes next. */
  private appended(file: string): boolean {
    const size = existsSync(file) ? statSync(file).size : 0;
    try {
      appendFileSync(file, this.lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
      return true;
    } catch {
      if (existsSync(file)) truncateSync(file, size);
      return false;
    }
  }

  /** Without room for the shorter file the longer one stays. */
  private shorten(all: readonly Change[]): void {
    try {
      this.rewrite(all.map((change) => JSON.stringify(change)));
    } catch {
      rmSync(`${this.file}.new`, { force: true });
    }
  }

  private rewrite(lines: readonly string[]): void {
    if (this.file === undefined) return;
    writeFileSync(`${this.file}.new`, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
    this.written = lines.length;
  }
}
