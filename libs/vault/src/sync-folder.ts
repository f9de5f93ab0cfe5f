import { open } from 'node:fs/promises';
import path from 'node:path';

/** A new or renamed file is found again after a crash only once its folder is durable, too. */
export async function syncFolderOf(file: string): Promise<void> {
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
