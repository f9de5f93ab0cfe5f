import type { Readable } from 'node:stream';
import type { ByteRange } from '@vouchsafe/vault';

/** Names a body. Both are random ids: no name of a customer's file is in any path. */
export interface BodyId {
  readonly organizationId: string;
  readonly attachmentId: string;
}

/** Where the bodies of attachments are kept, sealed. */
export abstract class BodyStore {
  /**
   * Durable when it is done. Where it fails, or the process is killed, what may be left is no body that can be read, and `remove` takes it away.
   * @throws StorageFullError; the error of `content`, where that fails
   */
  abstract put(id: BodyId, content: Readable): Promise<void>;
  /** @returns null where there is none */
  abstract read(id: BodyId, range: ByteRange): Promise<Readable | null>;
  /** Removes the body and everything of it: earlier versions, and parts of what was never finished. Safe to repeat. */
  abstract remove(id: BodyId): Promise<void>;
  /** Removes what is kept of an organization, all or a part of bounded size. @returns whether there may be more */
  abstract removeSome(organizationId: string): Promise<boolean>;
  /** Everything that is kept, or was begun, of one organization or of all; an id may be given more than once. What is no body is left out. */
  abstract list(organizationId?: string): AsyncIterable<BodyId>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isBodyId({ organizationId, attachmentId }: BodyId): boolean {
  return UUID.test(organizationId) && UUID.test(attachmentId);
}

/** There is no room for more. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
}
