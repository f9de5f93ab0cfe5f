import type { Memory } from '../memory.ts';
import { billingAndStripe } from './billing.ts';
import type { Finding } from './finding.ts';
import { openCheckpoint, rootsAt } from './merkle.ts';
import type { StoredEvent, StoredFact, StoredLeaf, StoredLog, Stores } from './stores.ts';

/**
 * Compares the answers that clients got with every store and every log. It calls no service: it reads the rows of the databases, and
 * verifies the logs itself.
 * @param before request ids of the access log that the memory does not go back to
 */
export function check(memory: Memory, stores: Stores, before: ReadonlySet<string>): Finding[] {
  return [
    ...entriesOfBackEnds(memory, stores),
    ...creations(memory, stores),
    ...changes(memory, stores),
    ...accessLog(memory, stores, before),
    ...billingAndStripe(memory, stores),
    ...Object.entries(stores.services).flatMap(([source, stored]) => factsInLogs(source, stored, stores)),
    ...sequences(stores),
    ...stores.audit.logs.flatMap((log) => trees(memory, log)),
  ];
}

/** `POST /v1/audit/entries`: each acknowledged entry is at its location, once, and no entry is there that was not sent. */
function entriesOfBackEnds(memory: Memory, { audit }: Stores): Finding[] {
  const found: Finding[] = [];
  const byOperation = Map.groupBy(
    audit.logs.flatMap((log) =>
      log.leaves.filter(({ entry }) => entry.provenance === 'asserted').map((leaf) => ({ log, leaf })),
    ),
    ({ leaf }) => leaf.entry.operation,
  );
  const sent = new Set<string>();
  const last = new Map<string, number>();
  for (const { entries, locations, organizationId, sender } of memory.batches) {
    for (const [nth, { id, operation }] of entries.entries()) {
      sent.add(operation);
      const stored = byOperation.get(operation) ?? [];
      if (stored.length > 1)
        found.push({ kind: 'doubled', what: `entry ${id} stands ${stored.length} times` });
      const location = locations?.[nth];
      if (!location) continue;
      const right = stored.some(
        ({ log, leaf }) =>
          log.logId === location.logId &&
          log.organizationId === organizationId &&
          leaf.index === location.index,
      );
      if (location.id !== id || !right)
        found.push({
          kind: 'acknowledged and missing',
          what: `entry ${id} is not at ${location.logId}/${location.index}`,
        });
      if (location.index <= (last.get(sender) ?? -1))
        found.push({ kind: 'order broken', what: `entry ${id} stands before what its sender sent earlier` });
      last.set(sender, location.index);
    }
  }
  for (const operation of byOperation.keys())
    if (operation.startsWith('load.') && !sent.has(operation))
      found.push({ kind: 'entry for nothing', what: `an entry ${operation} that nobody sent` });
  return found;
}

const eventOfCreation = {
  invitation: { type: 'invitation-created', field: 'invitationId' },
  organization: { type: 'organization-registered', field: 'organizationId' },
  session: { type: 'session-started', field: 'sessionId' },
} as const;

/** What was answered with an id exists once; and no more was made than was asked for. */
function creations({ creations: asked }: Memory, { identity, audit }: Stores): Finding[] {
  const found: Finding[] = [];
  for (const [what, { type, field }] of Object.entries(eventOfCreation)) {
    const ids = Map.groupBy(
      identity.events.filter((event) => event.type === type),
      ({ data }) => data[field],
    );
    for (const { id } of asked.filter((one) => one.what === what)) {
      if (id === null) continue;
      const times = ids.get(id)?.length ?? 0;
      if (times === 0)
        found.push({ kind: 'acknowledged and missing', what: `${what} ${id} is not in identity` });
      if (times > 1) found.push({ kind: 'doubled', what: `${what} ${id} was made ${times} times` });
    }
  }
  // An invitation that was asked for once and made twice has two ids.
  const invited = asked.filter(({ what }) => what === 'invitation');
  for (const organizationId of new Set(invited.map((one) => one.organizationId))) {
    const most = invited.filter((one) => one.organizationId === organizationId).length;
    const made = identity.events.filter(
      (event) => event.type === 'invitation-created' && event.organizationId === organizationId,
    ).length;
    // One more was asked for before the load: that of the colleague.
    if (made > most + 1)
      found.push({
        kind: 'doubled',
        what: `${made} invitations of ${organizationId}, ${most + 1} asked for`,
      });
  }
  const exported = new Set(audit.exports);
  for (const { id } of asked.filter(({ what }) => what === 'export'))
    if (id !== null && !exported.has(id))
      found.push({ kind: 'acknowledged and missing', what: `export ${id} is not in audit` });
  return found;
}

function changes({ changes: asked }: Memory, { identity }: Stores): Finding[] {
  const byRequest = Map.groupBy(identity.events, ({ requestId, type }) => `${requestId} ${type}`);
  return asked.flatMap(({ requestId, eventType }) => {
    const times = byRequest.get(`${requestId} ${eventType}`)?.length ?? 0;
    if (times === 1) return [];
    const kind = times === 0 ? 'acknowledged and missing' : 'doubled';
    return [{ kind, what: `${eventType} of request ${requestId} was stored ${times} times` } as const];
  });
}

/** P23: each answer and each stored change has its entry, once; each entry has a request. */
function accessLog(
  memory: Memory,
  { gateway, identity, billing }: Stores,
  before: ReadonlySet<string>,
): Finding[] {
  const found: Finding[] = [];
  const entries = Map.groupBy(gateway.events, ({ requestId }) => requestId ?? '');
  for (const [requestId, of] of entries)
    if (new Set(of.map(({ data }) => data.part)).size < of.length)
      found.push({ kind: 'doubled', what: `request ${requestId} has ${of.length} outcomes` });

  for (const { requestId, status, code, operation } of memory.answered) {
    const entry = entries.get(requestId)?.[0];
    if (!entry) {
      // The only answers without an entry are the 503s of a gateway that cannot write.
      if (code !== 'unavailable' && code !== 'outcome-unknown')
        found.push({
          kind: 'response without an entry',
          what: `${operation} was answered ${status}, request ${requestId}`,
        });
    } else if (status < 300 && entry.data.status !== status) {
      found.push({
        kind: 'response without an entry',
        what: `${operation} was answered ${status}, and ${JSON.stringify(entry.data.status)} logged, request ${requestId}`,
      });
    }
  }
  // An order may be carried out long after its request: the entry is there all the same, for it was made before the order.
  for (const { requestId, type, byService } of [...identity.events, ...billing.events])
    if (requestId !== null && !byService && !entries.has(requestId))
      found.push({ kind: 'response without an entry', what: `${type} was done by request ${requestId}` });

  const known = new Set(memory.answered.map(({ requestId }) => requestId));
  const unexplained = Map.groupBy(
    [...entries].filter(([requestId]) => !known.has(requestId) && !before.has(requestId)),
    ([, [entry]]) => entry?.data.operation as string,
  );
  for (const [operation, of] of unexplained) {
    // Sent by Stripe, not by our clients.
    if (operation === 'webhook.take') continue;
    const lost = memory.lost.get(operation) ?? 0;
    if (of.length > lost)
      found.push({
        kind: 'entry for nothing',
        what: `${of.length} entries of ${operation} that nobody was answered, ${lost} requests lost`,
      });
  }
  if (gateway.open > 0)
    found.push({ kind: 'response without an entry', what: `${gateway.open} requests have no outcome` });
  return found;
}

/** Each fact that a service stored is one leaf of its organization's log, in the order of its lane; no leaf has another source. */
function factsInLogs(
  source: string,
  { events, facts }: { readonly events: readonly StoredEvent[]; readonly facts: readonly StoredFact[] },
  { audit }: Stores,
): Finding[] {
  const found: Finding[] = [];
  const byPosition = new Map(events.map((event) => [event.position, event]));
  const numbered = Map.groupBy(facts, ({ position }) => position);
  const published = new Set(facts.flatMap(({ position }) => byPosition.get(position)?.type ?? []));
  for (const event of events) {
    if (!published.has(event.type)) continue;
    const times = numbered.get(event.position)?.length ?? 0;
    if (times === 0)
      found.push({ kind: 'acknowledged and missing', what: `${nameOf(source, event)} never left ${source}` });
    if (times > 1)
      found.push({ kind: 'doubled', what: `${nameOf(source, event)} left ${source} ${times} times` });
  }
  const expected = Map.groupBy(
    facts.flatMap(({ position }) => byPosition.get(position) ?? []),
    ({ organizationId }) => organizationId,
  );
  for (const log of audit.logs) {
    const leaves = log.leaves
      .filter(({ entry }) => entry.provenance === 'observed' && entry.source === source)
      .map(nameOfLeaf);
    const wanted = (expected.get(log.organizationId) ?? []).map((event) => nameOf(source, event));
    found.push(...compare(`${source} in log ${log.logId}`, wanted, leaves));
  }
  const logged = new Set(audit.logs.map(({ organizationId }) => organizationId));
  for (const [organizationId, of] of expected)
    if (!logged.has(organizationId))
      found.push({
        kind: 'acknowledged and missing',
        what: `${of.length} facts of ${organizationId}: no log`,
      });
  return found;
}

/** By request, time and, of the access log, number: what a leaf and its event have both in clear. */
function nameOf(source: string, event: StoredEvent): string {
  return source === 'gateway'
    ? `${String(event.data.instanceId)} ${event.version} ${event.requestId}`
    : `${event.occurredAt} ${event.requestId ?? ''} ${operationOf(source, event)}`;
}

function nameOfLeaf({ entry }: StoredLeaf): string {
  return entry.source === 'gateway'
    ? `${String(entry.details?.instanceId)} ${String(entry.details?.sequence)} ${entry.requestId}`
    : `${entry.occurredAt} ${entry.requestId ?? ''} ${entry.operation}`;
}

/** Where the contract has another name than the event. */
const otherNames: Readonly<Record<string, string>> = {
  'session-started': 'logged-in',
  'log-in-stopped': 'log-in-failed',
};

/** The contract of an order at Stripe that was carried out. */
const contractsOfOrders: Readonly<Record<string, string>> = {
  'customer.change': 'customer-changed',
  'checkout-session.create': 'checkout-session-created',
  'setup-intent.create': 'setup-intent-created',
  'portal-session.create': 'portal-session-created',
  'subscription.create': 'subscription-requested',
  'subscription.change': 'subscription-change-requested',
  'subscription.cancel': 'subscription-cancellation-requested',
  'subscription.resume': 'subscription-resumption-requested',
  'payment-method.make-default': 'default-payment-method-requested',
  'payment-method.detach': 'payment-method-detachment-requested',
};

function operationOf(source: string, { type, data }: StoredEvent): string {
  const name = type === 'intent-completed' ? contractsOfOrders[String(data.operation)] : otherNames[type];
  return `${source}.${name ?? type}`;
}

function compare(where: string, wanted: readonly string[], got: readonly string[]): Finding[] {
  const counts = new Map<string, number>();
  for (const name of wanted) counts.set(name, (counts.get(name) ?? 0) + 1);
  const once = new Set(wanted);
  const found: Finding[] = [];
  for (const name of got) {
    const left = counts.get(name);
    if (left === undefined) found.push({ kind: 'entry for nothing', what: `${name}, ${where}` });
    else if (left === 0 && once.has(name)) found.push({ kind: 'doubled', what: `${name}, ${where}` });
    else counts.set(name, left - 1);
  }
  for (const [name, left] of counts)
    if (left > 0) found.push({ kind: 'acknowledged and missing', what: `${name}, ${where}` });
  if (found.length > 0) return found;
  const at = wanted.findIndex((name, nth) => got[nth] !== name);
  return at < 0 ? [] : [{ kind: 'order broken', what: `${wanted[at]} is at another position, ${where}` }];
}

function sequences({ services, audit }: Stores): Finding[] {
  const found: Finding[] = [];
  const gapless = (what: string, numbers: readonly number[], first: number): void => {
    const at = numbers.findIndex((number, nth) => number !== first + nth);
    if (at >= 0)
      found.push({ kind: 'sequence gap', what: `${what}: ${numbers[at]} instead of ${first + at}` });
  };
  for (const [source, { events, facts }] of Object.entries(services)) {
    for (const [stream, of] of Map.groupBy(events, (event) => event.stream)) {
      const versions = of.map(({ version }) => version).toSorted((a, b) => a - b);
      gapless(`${source}, stream ${stream}`, versions, 1);
    }
    for (const [lane, of] of Map.groupBy(facts, (fact) => fact.lane)) {
      gapless(
        `${source}, lane ${lane}`,
        of.map(({ number }) => number),
        1,
      );
      const reached = audit.reached.get(`${source}/${lane}`) ?? 0;
      if (reached !== of.length)
        found.push({
          kind: 'sequence gap',
          what: `audit is at ${reached} of ${of.length} of ${source}, lane ${lane}`,
        });
    }
  }
  for (const { logId, leaves, size } of audit.logs) {
    gapless(
      `log ${logId}`,
      leaves.map(({ index }) => index),
      0,
    );
    if (leaves.length !== size)
      found.push({
        kind: 'sequence gap',
        what: `log ${logId} says ${size} entries and has ${leaves.length}`,
      });
  }
  if (audit.deadLetters > 0) found.push({ kind: 'sequence gap', what: `${audit.deadLetters} dead letters` });
  return found;
}

/** Every checkpoint ever seen or stored is signed, and is the root of the final log's first entries. */
function trees({ checkpoints: seen }: Memory, log: StoredLog): Finding[] {
  const found: Finding[] = [];
  const fork = (what: string): void =>
    void found.push({ kind: 'log fork', what: `log ${log.logId}: ${what}` });
  const notes = [
    ...seen.filter(({ logId }) => logId === log.logId).map(({ note }) => ({ note, who: 'seen' })),
    ...log.checkpoints.map(({ note }) => ({ note, who: 'stored' })),
  ];
  const opened = [...new Map(notes.map((one) => [one.note, one])).values()].flatMap(({ note, who }) => {
    const checkpoint = log.vkeys.map((vkey) => openCheckpoint(note, vkey)).find((one) => one !== null);
    if (!checkpoint) fork(`a checkpoint, ${who}, that no key of the log has signed`);
    return checkpoint ? [{ ...checkpoint, who }] : [];
  });
  const hashes = log.leaves.map(({ hash }) => hash);
  const roots = rootsAt(
    hashes,
    opened.map(({ size }) => size),
  );
  for (const { size, root, who } of opened)
    if (roots.get(size) !== root) fork(`the checkpoint of size ${size}, ${who}, is of another tree`);
  if (log.size > 0 && !log.checkpoints.some(({ size }) => size === log.size))
    found.push({
      kind: 'acknowledged and missing',
      what: `log ${log.logId}: a checkpoint of its ${log.size} entries`,
    });
  if (log.tileHashes !== Buffer.concat(hashes).toString('hex'))
    fork('its tiles hold other hashes than its leaves');
  return found;
}
