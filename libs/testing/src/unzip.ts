import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';

/** Unpacks a ZIP file by another project's reader, which refuses names that lead out of the folder. @returns the names, in their order */
export async function unzip(zip: Buffer, folder: string): Promise<string[]> {
  const opened = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.fromBuffer(zip, { lazyEntries: true }, (error, file) => {
      if (error) reject(error);
      else resolve(file);
    });
  });
  const names: string[] = [];
  return new Promise((resolve, reject) => {
    opened.once('error', reject);
    opened.once('end', () => resolve(names));
    opened.on('entry', (entry: yauzl.Entry) => {
      names.push(entry.fileName);
      write(opened, entry, path.join(folder, entry.fileName)).then(() => opened.readEntry(), reject);
    });
    opened.readEntry();
  });
}

async function write(zip: yauzl.ZipFile, entry: yauzl.Entry, file: string): Promise<void> {
  const content = await new Promise<Buffer>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else buffer(stream).then(resolve, reject);
    });
  });
  await mkdir(path.dirname(file), { recursive: true });
  // Two files of one name would be one.
  await writeFile(file, content, { flag: 'wx' });
}
