import { Body, Controller, Get, Header, Param, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import {
  Caller,
  cursorOf,
  cursorText,
  decimal,
  ENTITY_HEADER,
  ENTRY_DETAILS_HEADER,
  entryDetails,
  nextCursor,
  Operation,
  organizationOf,
  problem,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { outcomes, provenances, submitterTypes } from '../log/entry.js';
import type { EntryLocation } from '../log/entry-location.js';
import type { RecordAnswer, Rejection } from '../log/record.js';
import { reservedReasons } from '../log/reserved.js';
import { entryView } from './entry-view.js';
import { ListEntries } from './list-entries.js';
import { ProveEntry } from './prove-entry.js';
import { RecordEntries } from './record-entries.js';
import { originOf, submission } from './submission.js';
import { volumeHeaders } from './volume.js';
import { VolumeHeaders } from './volume-headers.interceptor.js';
import { time } from './instant.js';
import { ipAddress } from './ip-address.js';

export const entryFilter = z.strictObject({
  from: time.optional().describe('Entries that occurred at this instant or later'),
  to: time.optional().describe('Entries that occurred before this instant'),
  actor: z.string().min(1).max(500).optional().describe('Id of the actor'),
  operation: z.string().min(1).max(100).optional().describe('The whole name, such as `order.refund`'),
  entityType: z.string().min(1).max(100).optional().describe('Kind of the entity'),
  entityId: z.string().min(1).max(500).optional().describe('Id of the entity'),
  outcome: z.enum(outcomes).optional().describe('How it ended'),
  sourceIp: ipAddress.optional().describe('IPv4 or IPv6 address, in any spelling'),
  requestId: z.string().min(1).max(200).optional().describe('Id of the request'),
  provenance: z
    .enum(provenances)
    .optional()
    .describe(
      '`observed`: recorded by Vouchsafe’s own services; `asserted`: sent through the API, and not verified',
    ),
  source: z.string().min(1).max(100).optional().describe('Name of a service, or the source of an API key'),
  submitterType: z.enum(submitterTypes).optional().describe('Kind of submitter'),
  submitterId: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('Id of the API key or session, or name of the service, that submitted it'),
  q: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('Words that must all occur in the unencrypted values of an entry'),
});

const entryQuery = entryFilter.extend({
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which entries come first'),
  limit: decimal(1, 1000)
    .default(50)
    .describe('Largest number of entries in a page; a page of large entries has fewer'),
  cursor: cursorText.optional(),
});

const entryPage = z.strictObject({ entries: z.array(entryView), next: nextCursor });
const entryPath = z.strictObject({
  logId: z.uuid(),
  index: decimal(0, Number.MAX_SAFE_INTEGER).describe('Position of the entry in its log, from 0'),
});
const recorded = z.strictObject({
  entries: z.array(
    z
      .strictObject({
        id: z.string().describe('The id that was sent'),
        logId: z.uuid().describe('The log that holds the entry'),
        index: z.int().min(0).describe('Position of the entry in its log, from 0'),
        partlyCompared: z
          .literal(true)
          .optional()
          .describe(
            'The id was recorded before, and the person concerned has been erased since: what was sent was compared with the unencrypted values of that entry only',
          ),
      })
      .meta({ id: 'AuditEntryLocation' }),
  ),
});
const provenEntry = z.strictObject({
  entry: entryView,
  leaf: z.base64().describe('The bytes whose hash is in the log'),
  proof: z
    .string()
    .describe('Proof that the leaf is in the tree of a signed checkpoint (`c2sp.org/tlog-proof@v1`)'),
});

const cursor = cursorOf({ recordedAt: 'milliseconds', index: 'index' });

@Controller('v1/audit/entries')
export class EntryController {
  constructor(
    private readonly recordEntries: RecordEntries,
    private readonly listEntries: ListEntries,
    private readonly proveEntry: ProveEntry,
  ) {}

  @Post()
  @UseInterceptors(VolumeHeaders)
  @Operation({
    permission: 'audit:write',
    operation: 'audit-entry.record',
    entity: { type: 'audit-log', id: 'response.logId' },
    effect: 'write',
    summary:
      'Record 1 to 1,000 entries; the answer comes when they are durable. An id sent twice is recorded once',
    answers: { 201: recorded },
    problems: ['conflict', 'rejected'],
    headers: ['RateLimit-Policy', 'RateLimit'],
    problemHeaders: ['RateLimit-Policy', 'RateLimit'],
  })
  async record(
    @Body({ schema: submission }) body: z.output<typeof submission>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const organizationId = organizationOf(caller);
    const origin = originOf(caller);
    const answer = await this.recordEntries.record(organizationId, origin, body.entries, (usages) => {
      void reply.headers(volumeHeaders(usages));
    });
    if (answer.status === 'rejected') throw refusal(answer);
    // The answer names the log in each entry; the access log needs it once.
    void reply.header(ENTITY_HEADER, answer.locations[0]?.logId);
    return {
      entries: body.entries.map(({ id }, i) => ({ id, ...answer.locations[i], ...comparisonOf(answer, i) })),
    };
  }

  @Get()
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:read',
    operation: 'audit-entry.list',
    entity: { type: 'audit-log', id: null },
    effect: 'read',
    summary: 'Search entries by any combination of filters, newest first or oldest first',
    answers: { 200: entryPage },
  })
  async list(
    @Query({ schema: entryQuery }) query: z.output<typeof entryQuery>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const organizationId = organizationOf(caller);
    const { order, limit, cursor: given, ...filter } = query;
    const after = cursor.read(given);
    const { entries, next } = await this.listEntries.list(organizationId, { filter, order, limit, after });
    void reply.header(ENTRY_DETAILS_HEADER, shownHeader(entries));
    return { entries, next: next && cursor.write(next) };
  }

  @Get(':logId/:index')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:read',
    operation: 'audit-entry.read',
    entity: { type: 'audit-log', id: 'path.logId' },
    effect: 'read',
    summary: 'An entry, its leaf, and the proof that it is in the log',
    answers: { 200: provenEntry },
    problems: ['not-found', 'gone'],
  })
  async read(
    @Param({ schema: entryPath }) { logId, index }: z.output<typeof entryPath>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const location = { logId, index };
    const proven = await this.proveEntry.prove(organizationOf(caller), location);
    if (proven.status === 'unknown') throw problem('not-found');
    if (proven.status === 'expired')
      throw problem('gone', {
        detail:
          'The entry was deleted at the end of its retention period; its hash is still in the log’s tiles',
        reason: 'expired',
      });
    if (proven.status === 'uncovered')
      throw problem('unavailable', { detail: 'No checkpoint covers this entry yet; try again in a moment' });
    const { entry, leaf, proof } = proven;
    void reply.header(ENTRY_DETAILS_HEADER, shownHeader([location]));
    return { entry, leaf: leaf.toString('base64'), proof };
  }
}

/** Which entries a read has shown, for the read's own entry: locations only, none of the values asked for (docs/audit.md, 'Questions'). */
function shownHeader(locations: readonly EntryLocation[]): string {
  const shown = Object.fromEntries(
    [...Map.groupBy(locations, (location) => location.logId)].map(([logId, its]) => [
      logId,
      ranges(its.map((p) => p.index)),
    ]),
  );
  return entryDetails({ shown });
}

/** `3,5-9`, ascending. */
function ranges(indices: readonly number[]): string {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === index) run[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

function comparisonOf({ partlyCompared }: Extract<RecordAnswer, { status: 'recorded' }>, entry: number) {
  return partlyCompared.has(entry) ? { partlyCompared: true as const } : {};
}

function refusal({ entry, because }: Extract<RecordAnswer, { status: 'rejected' }>) {
  const { at = '', detail } = reasons[because];
  const errors = [{ pointer: `/entries/${entry}${at}`, detail }];
  return problem(conflicts.has(because) ? 'conflict' : 'invalid-request', { errors, reason: because });
}

const conflicts: ReadonlySet<Rejection> = new Set(['id-reused', 'organization-erased']);

const reasons: Readonly<Record<Rejection, { readonly at?: string; readonly detail: string }>> = {
  'id-reused': { detail: 'An entry with this id but different content was recorded before' },
  'organization-erased': {
    detail: 'The data of the organization is deleted: nothing is recorded for it any more',
  },
  'reserved-name': { detail: 'The names _sd, _sd_alg and ... are reserved' },
  'reserved-operation': { at: '/operation', detail: reservedReasons['reserved-operation'] },
  'reserved-actor-type': { at: '/actor/type', detail: reservedReasons['reserved-actor-type'] },
  'too-large': {
    detail: 'The entry is too large: its leaf can have 65,535 bytes, and its personal values 512 KiB',
  },
  'not-json': { detail: 'JSON cannot represent a value exactly' },
};
