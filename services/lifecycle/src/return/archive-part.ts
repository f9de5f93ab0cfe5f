/** @promise P30 one part of an archive: a ZIP file that is written as it is read, with no more than two pages in memory */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';

export interface ArchivedFile {
  readonly path: string;
  /** In bytes, unpacked. */
  readonly size: number;
  readonly sha256: string;
  /** Of a table: lines but the first. */
  readonly rows?: number;
}

/** What a file costs besides its content: its headers in the ZIP, its lines in the manifest and the sums. */
const BYTES_OF_A_FILE = 2_000;
/** For the manifest itself, and what describes the tables. */
const RESERVED_BYTES = 131_072;
/** Their names and digests must fit into a signed note, which has 1,000,000 bytes at most (golang.org/x/mod/sumdb/note). */
const MOST_FILES = 1_500;

/** Writes one file after the other. Content is deflated unless it came from a customer: those are often compressed already. */
export class ArchivePart {
  readonly files: ArchivedFile[] = [];
  private readonly zip = new ZipFile();
  private bytes = RESERVED_BYTES;
  private current: Readable | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly limit: number,
    private readonly at: Date,
  ) {
    this.zip.on('error', (error: Error) => this.fail(error));
  }

  /** The bytes of the ZIP file. */
  get output(): Readable {
    return this.zip.outputStream as Readable;
  }

  /** Counted unpacked: packed it is smaller. A part that has nothing yet takes whatever comes. */
  hasRoomFor(bytes: number): boolean {
    if (this.files.length === 0 && this.current === undefined) return true;
    return this.files.length < MOST_FILES && this.bytes + bytes + BYTES_OF_A_FILE <= this.limit;
  }

  /** Reads the content to its end; `rows` is asked then. */
  async add(
    path: string,
    content: AsyncIterable<Buffer>,
    { compress = true, rows }: { compress?: boolean; rows?: () => number } = {},
  ): Promise<void> {
    this.throwIfFailed();
    const hash = createHash('sha256');
    let size = 0;
    const source = Readable.from(
      this.counted(content, (bytes) => {
        hash.update(bytes);
        size += bytes.length;
      }),
      { objectMode: false },
    );
    this.current = source;
    this.bytes += BYTES_OF_A_FILE;
    this.zip.addReadStreamLazy(path, { compress, mtime: this.at, mode: 0o100644 }, (give) =>
      give(null, source),
    );
    await finished(source);
    this.throwIfFailed();
    this.files.push({ path, size, sha256: hash.digest('hex'), ...(rows && { rows: rows() }) });
  }

  addText(path: string, text: string): Promise<void> {
    return this.add(path, Readable.from([Buffer.from(text)]));
  }

  end(): void {
    this.zip.end();
  }

  /** Nobody takes the bytes any more. */
  fail(error: Error): void {
    this.failure ??= error;
    this.current?.destroy(error);
    this.output.destroy(error);
  }

  private throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  private async *counted(
    content: AsyncIterable<Buffer>,
    count: (bytes: Buffer) => void,
  ): AsyncIterable<Buffer> {
    for await (const bytes of content) {
      if (bytes.length === 0) continue;
      count(bytes);
      this.bytes += bytes.length;
      yield bytes;
    }
  }
}
