import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { anonymous, caller, type Caller } from './caller.js';

/** Seconds that an internal token lives at most (docs/gateway.md, 'Internal tokens'). */
const TOKEN_SECONDS = 60;

type TokenCaller = z.infer<typeof caller>;

/**
 * Signs what one service says to another: an EdDSA token for one audience, of at most 60 s. Each service has a key of its
 * own, so that no service can speak as the gateway.
 */
export class InternalTokens {
  private readonly ownTokens = new Map<
    string,
    { token: Promise<string>; signedAt: number; renewAt: number }
  >();

  private readonly header: string;

  constructor(
    private readonly issuer: string,
    private readonly privateKey: KeyObject,
    private readonly now: () => Date,
  ) {
    this.header = base64url({ alg: 'EdDSA', kid: issuer, typ: 'JWT' });
  }

  /**
   * On behalf of a caller: what the gateway sends on with every request. A compact JWS (RFC 7515 section 3.1), signed in place:
   * through WebCrypto, as jose does it, the thread pool's round trip costs more than the signature.
   */
  sign(audience: string, who: TokenCaller): Promise<string> {
    const { source, ...said } = who;
    const issuedAt = Math.floor(this.now().getTime() / 1000);
    const payload = base64url({
      iss: this.issuer,
      aud: audience,
      sub: `${who.actor.type}:${who.actor.id}`,
      iat: issuedAt,
      exp: issuedAt + TOKEN_SECONDS,
      caller: said,
      // Beside what the release before it reads strictly, so that both run at once.
      ...(source === undefined ? {} : { source }),
    });
    const signed = `${this.header}.${payload}`;
    const signature = sign(null, Buffer.from(signed), this.privateKey).toString('base64url');
    return Promise.resolve(`${signed}.${signature}`);
  }

  /** As this service itself, for questions between services; one token serves half its life. */
  signAsService(audience: string): Promise<string> {
    const [now, known] = [this.now().getTime(), this.ownTokens.get(audience)];
    // Signed before a clock went back, it is of the future, and refused.
    if (known && now >= known.signedAt && now < known.renewAt) return known.token;
    const token = this.sign(audience, {
      ...anonymous,
      actor: { type: 'service', id: this.issuer },
      requestId: `service:${this.issuer}`,
      sourceIp: null,
      userAgent: null,
    });
    this.ownTokens.set(audience, { token, signedAt: now, renewAt: now + (TOKEN_SECONDS / 2) * 1000 });
    return token;
  }
}

function base64url(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

const claims = z.object({
  ...{ iss: z.string(), iat: z.number(), exp: z.number() },
  caller: caller.omit({ source: true }),
  source: caller.shape.source,
});

/** Verifies tokens made for one audience. Throws on anything else. */
export class InternalTokenVerifier {
  /** Services send one token many times; a token with the same text has been verified before. */
  private readonly services = new Map<string, { who: z.infer<typeof caller>; from: number; until: number }>();

  constructor(
    private readonly audience: string,
    private readonly keys: JWTVerifyGetKey,
    private readonly now: () => Date,
  ) {}

  async verify(token: string): Promise<Omit<Caller, 'traceparent'>> {
    const [now, known] = [this.now().getTime(), this.services.get(token)];
    if (known && now >= known.from && now < known.until) return known.who;
    const { payload, protectedHeader } = await jwtVerify(token, this.keys, {
      // Pinned: the token does not choose its algorithm (ASVS 9.1.2), and is for this service alone (ASVS 9.2.3).
      algorithms: ['EdDSA'],
      audience: this.audience,
      maxTokenAge: TOKEN_SECONDS,
      clockTolerance: 5,
      currentDate: new Date(now),
    });
    const { iss, iat, exp, caller: said, source } = claims.parse(payload);
    const who = source === undefined ? said : { ...said, source };
    if (protectedHeader.kid !== iss) throw new Error('The token was signed with another issuer’s key');
    if (exp - iat > TOKEN_SECONDS) throw new Error('The lifetime of the token is too long');
    const speaksForItself = who.actor.type === 'service' && who.actor.id === iss;
    if (iss !== GATEWAY && !speaksForItself)
      throw new Error('Only the gateway may issue tokens for users and API keys');
    if (speaksForItself) this.remember(token, { who, from: iat * 1000, until: exp * 1000 });
    return who;
  }

  private remember(
    token: string,
    verified: { readonly who: z.infer<typeof caller>; readonly from: number; readonly until: number },
  ): void {
    // A service renews its token twice a minute: what is older has run out.
    if (this.services.size >= MOST_REMEMBERED) this.services.clear();
    this.services.set(token, verified);
  }
}

const MOST_REMEMBERED = 100;

/** The one issuer that may speak for users, keys and staff. */
const GATEWAY = 'gateway';

/** @param file PKCS#8 PEM of an Ed25519 private key */
export async function readPrivateKey(file: string): Promise<KeyObject> {
  const key = createPrivateKey(await readFile(file));
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} contains no Ed25519 key`);
  return key;
}

const publicKeySet = z.object({
  keys: z.array(
    z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string(), x: z.string() }),
  ),
});

/** @param file JWKS of every service's public key; `kid` is the service's name */
export async function readPublicKeys(file: string): Promise<JWTVerifyGetKey> {
  return createLocalJWKSet(
    publicKeySet.parse(JSON.parse(await readFile(file, 'utf8'))) satisfies JSONWebKeySet,
  );
}
