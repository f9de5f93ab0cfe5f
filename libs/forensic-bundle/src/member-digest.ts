import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What the manifest and the ZIP say of a file, taken while its bytes go by. */
export type FileDigest = { readonly size: number; readonly crc32: number; readonly sha256: string };

export function fileDigest(): { update: (bytes: Uint8Array) => void; done: () => FileDigest } {
  const sha256 = createHash('sha256');
  let crc = 0;
  let size = 0;
  return {
    update: (bytes) => {
      sha256.update(bytes);
      crc = crc32(bytes, crc);
      size += bytes.length;
    },
    done: () => ({ size, crc32: crc, sha256: sha256.digest('hex') }),
  };
}
