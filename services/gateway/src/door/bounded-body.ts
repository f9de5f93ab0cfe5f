import { type Readable, Transform } from 'node:stream';
import { problem } from '@vouchsafe/service-host';

/** A body whose length was not said beforehand, cut off where it grows too large. */
export function boundedBody(body: Readable, limit: number): Readable {
  let bytes = 0;
  const bounded = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      if (bytes > limit) done(problem('content-too-large'));
      else done(null, chunk);
    },
  });
  body.on('error', (error) => bounded.destroy(error));
  body.on('aborted', () => bounded.destroy(new Error('The client went away')));
  return body.pipe(bounded);
}
