import { describe, expect, it } from '@jest/globals';
import { asyncApiDocument } from './asyncapi.js';
import { noteTaken } from './consumer/source.fixture.js';

describe('the AsyncAPI document', () => {
  const document = asyncApiDocument([noteTaken], [{ name: 'vouchsafe.identity', owner: 'identity' }]);
  const name = 'IdentityNoteTakenV1';

  it('has a channel for each topic and a message for each contract, with its personal fields', () => {
    expect(document).toMatchObject({
      asyncapi: '3.0.0',
      channels: {
        identity: {
          address: 'vouchsafe.identity',
          messages: { [name]: { $ref: `#/components/messages/${name}` } },
        },
      },
      operations: {
        'identity-publishes': { action: 'send', channel: { $ref: '#/channels/identity' } },
      },
      components: {
        messages: {
          [name]: {
            name: noteTaken.type,
            contentType: 'application/jose',
            traits: [{ $ref: '#/components/messageTraits/sealedCloudEvent' }],
            'x-personal': [{ path: 'name', purpose: 'account', subject: 'author' }],
            payload: { $ref: `#/components/schemas/${name}` },
          },
        },
        schemas: { [name]: { type: 'object', required: ['text', 'author', 'name'] } },
      },
    });
  });

  it('points nowhere but into itself', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target,
    );
    expect(references.length).toBeGreaterThan(3);
    for (const target of references) {
      const found = (target ?? '')
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
      expect([target, typeof found]).toEqual([target, 'object']);
    }
  });

  it('refuses a contract that no topic carries', () => {
    expect(() => asyncApiDocument([noteTaken], [])).toThrow(`No topic carries ${noteTaken.type}`);
  });
});
