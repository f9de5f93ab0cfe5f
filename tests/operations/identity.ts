import { randomUUID } from 'node:crypto';
import type { Requests } from '../openapi.fixtures.ts';
import { anybody, colleague, inDays, invite, marked, untilErasing } from '../openapi.world.ts';
import { Authenticator } from '../system/authenticator.ts';
import { Client } from '../system/client.ts';
import { emailTo, tokenIn } from '../system/emails.ts';
import { challengeOf, currentDocuments, enrol, makeApiKey, newPerson } from '../system/people.ts';

export const requests: Requests = {
  'api-key.list': ({ owner }) => ({ as: owner.browser }),
  'api-key.create': async ({ owner, system }) => {
    const { apiKeyId: replaces } = await makeApiKey(system, owner.browser, ['audit:read']);
    const body = { name: 'reader', scopes: ['audit:read'], expiresAt: inDays(30), replaces };
    return { as: owner.browser, body, refers: true };
  },
  'api-key.revoke': async (world) => {
    const { apiKeyId } = await makeApiKey(world.system, world.owner.browser, ['audit:read']);
    return { as: world.owner.browser, params: { id: marked(world, apiKeyId) } };
  },
  'data-inventory.read': ({ owner }) => ({ as: owner.browser }),

  'invitation.list': ({ owner }) => ({ as: owner.browser }),
  'invitation.create': (world) => ({
    as: world.owner.browser,
    body: { email: marked(world, newPerson().email), role: 'member' },
  }),
  'invitation.revoke': async (world) => {
    const { invitationId } = await invite(world);
    return { as: world.owner.browser, params: { id: invitationId } };
  },
  'invitation.accept': async (world) => {
    const { email } = await invite(world);
    const token = tokenIn(await emailTo(world.system.mailFolder, email, 'Join '));
    const { name, password } = newPerson();
    return anybody(world, { token, name, password, accept: await currentDocuments(world.system) });
  },

  'legal-document.list': (world) => anybody(world),
  'legal-document.read': async (world) => {
    const [{ document, version } = { document: '', version: '' }] = await currentDocuments(world.system);
    return { ...anybody(world), params: { document, version } };
  },

  'me.read': ({ owner }) => ({ as: owner.browser }),
  'me.rename': ({ owner }) => ({ as: owner.browser, body: { name: newPerson().name } }),
  'me.leave': async (world) => ({ as: (await colleague(world)).browser }),
  'authenticator.list': ({ owner }) => ({ as: owner.browser }),
  'authenticator.begin-totp': async (world) => ({ as: (await colleague(world)).browser }),
  'authenticator.confirm-totp': async (world) => {
    const { browser } = await colleague(world);
    const begun = (await browser.must(201, 'POST', '/v1/me/authenticators/totp')) as {
      authenticatorId: string;
      secret: string;
    };
    const totp = await new Authenticator(begun.secret).lastingCode();
    return { as: browser, params: { id: marked(world, begun.authenticatorId) }, body: { totp } };
  },
  'authenticator.remove': async (world) => {
    const { browser, authenticatorId } = await enrol(await colleague(world));
    return { as: browser, params: { id: marked(world, authenticatorId) } };
  },
  'authenticator.renew-recovery-codes': async (world) => ({
    as: (await enrol(await colleague(world))).browser,
  }),
  'consent.list': ({ owner }) => ({ as: owner.browser }),
  'consent.record': async ({ owner, system }) => ({
    as: owner.browser,
    body: { accept: await currentDocuments(system) },
  }),
  'password.change': async (world) => {
    const { browser, password } = await colleague(world);
    return { as: browser, body: { currentPassword: password, newPassword: newPerson().password } };
  },
  'session.step-up': ({ owner }) => ({ as: owner.browser, body: { password: owner.password } }),

  'member.list': ({ owner }) => ({ as: owner.browser }),
  'member.read': ({ owner }) => ({ as: owner.browser, params: { id: owner.userId } }),
  'member.change-role': async (world) => ({
    as: world.owner.browser,
    params: { id: (await colleague(world)).userId },
    body: { role: 'auditor' },
  }),
  'member.remove': async (world) => ({
    as: world.owner.browser,
    params: { id: (await colleague(world)).userId },
  }),

  'member.erase': async (world) => ({
    as: world.owner.browser,
    params: { id: (await colleague(world)).userId },
  }),
  'member.read-erasure': async (world) => {
    const { userId } = await colleague(world);
    await world.owner.browser.must(202, 'POST', `/v1/members/${userId}/erasure`);
    await untilErasing(world, userId);
    return { as: world.owner.browser, params: { id: userId } };
  },

  'organization.read': ({ owner }) => ({ as: owner.browser }),
  // The name marks nobody: another organization that sends the request is called so, too.
  'organization.change': ({ owner }) => ({
    as: owner.browser,
    body: { name: `Renamed ${randomUUID()}` },
  }),
  'organization.read-security': ({ owner }) => ({ as: owner.browser }),

  'password.request-reset': async (world) => anybody(world, { email: (await colleague(world)).email }),
  'password.reset': async (world) => {
    const { email } = await colleague(world);
    await new Client(world.system.url).must(202, 'POST', '/v1/password-resets', { body: { email } });
    const token = tokenIn(await emailTo(world.system.mailFolder, email, 'Choose a new password'));
    return anybody(world, { token, password: newPerson().password });
  },

  'session.create': async (world) => {
    const { email, password } = await colleague(world);
    return anybody(world, { email, password });
  },
  'session.list': ({ owner }) => ({ as: owner.browser }),
  'session.end-others': async (world) => ({ as: (await colleague(world)).browser }),
  'session.end': async (world) => {
    const { browser } = await colleague(world);
    const { items } = (await browser.must(200, 'GET', '/v1/sessions')) as { items: { sessionId: string }[] };
    return { as: browser, params: { id: marked(world, items[0]?.sessionId ?? '') } };
  },
  'session.answer-challenge': async (world) => {
    const person = await enrol(await colleague(world));
    const id = await challengeOf(world.system, person);
    return { ...anybody(world, { recoveryCode: person.recoveryCodes[0] }), params: { id } };
  },

  'sign-up.create': async (world) =>
    anybody(world, {
      organization: { name: 'Newcomers' },
      user: newPerson(),
      accept: await currentDocuments(world.system),
    }),
  'sign-up.verify': async (world) => {
    const user = newPerson();
    const accept = await currentDocuments(world.system);
    await new Client(world.system.url).must(201, 'POST', '/v1/sign-up', {
      body: { organization: { name: 'Newcomers' }, user, accept },
    });
    return anybody(world, { token: tokenIn(await emailTo(world.system.mailFolder, user.email, 'Confirm')) });
  },
};
