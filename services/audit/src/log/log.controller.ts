import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import { ApiExtension, ApiParam } from '@nestjs/swagger';
import { Database, type Sql } from '@vouchsafe/database';
import {
  accepted,
  Caller,
  ENTRY_DETAILS_HEADER,
  entryDetails,
  Operation,
  organizationOf,
  problem,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import {
  encodeEntryBundle,
  parseTilePath,
  TILE_WIDTH,
  type TilePath,
  tileWidth,
} from '@vouchsafe/transparency-log';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { expiredRanges } from './expired-ranges.js';
import { type LogAccess, type LogRejection, OpenLog } from './open-log.js';
import { entryBundle, logsOf, manifestKeys, newestCheckpoint, tileOf } from './log-reader.js';

const logView = z.strictObject({
  logId: z.uuid(),
  origin: z.string().describe('First line of the log’s checkpoints, and the name of its key'),
  vkey: z.string().describe('Verifier key of the log’s checkpoints (c2sp.org/signed-note)'),
  size: z.int().describe('How many entries the log has'),
  minimumIndex: z
    .int()
    .describe(
      'From this index on the log has every entry, and every entry bundle is served whole (c2sp.org/tlog-tiles, "Pruning"). ' +
        'Before it, entries were deleted at the end of their retention period. Tiles of hashes are served whole',
    ),
  openedAt: z.iso.datetime(),
  closedAt: z.iso
    .datetime()
    .nullable()
    .describe('When the log took its last entry and another one followed it; null for the open log'),
});
const logList = z.strictObject({
  logs: z.array(logView.meta({ id: 'AuditLog' })),
  manifestKeys: z
    .array(z.string())
    .describe(
      'Verifier keys (c2sp.org/signed-note) of the signatures on the manifests of forensic bundles. Give them to the verifier ' +
        'together with the `vkey` of each log (`--vkey`). Empty before the first export',
    ),
});
const logPath = z.strictObject({
  log: z.string().min(1).max(100).describe('Id of a log, or the last part of an auditor’s path'),
});
const tileParameters = z.strictObject({ log: z.string().min(1).max(100), '*': z.string().min(1).max(200) });

/**
 * The logs as any tlog-tiles client reads them (c2sp.org/tlog-tiles). `{log}` is a log's id, for callers with `audit:read`, or
 * an auditor's own unguessable reader id, for anyone who knows it; so the routes are public, and the handler decides.
 * For the gateway: `x-log: operator` (these reads are recorded only in the operator's log, so that watching a log does not make it grow) and
 * `x-wildcard: path` (that path parameter takes the rest of the path).
 */
@Controller('v1/audit/logs')
export class LogController {
  constructor(
    private readonly database: Database,
    private readonly openLog: OpenLog,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:read',
    operation: 'audit-log.list',
    entity: { type: 'audit-log', id: null },
    effect: 'read',
    summary: 'The organization’s logs, with the keys that verify them',
    answers: { 200: logList },
  })
  list(@Caller() caller: Caller) {
    const organizationId = organizationOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => ({
      logs: await logsOf(sql, organizationId),
      manifestKeys: await manifestKeys(sql),
    }));
  }

  @Get(':log/checkpoint')
  @Header('cache-control', 'no-store')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiExtension('x-log', 'operator')
  @Operation({
    permission: 'public',
    operation: 'audit-log.checkpoint',
    entity: { type: 'audit-log', id: null },
    effect: 'read',
    summary: 'The latest signed checkpoint (c2sp.org/tlog-checkpoint)',
    answers: { 200: 'text/plain' },
    problems: ['unauthenticated', 'forbidden', 'not-found'],
  })
  async checkpoint(
    @Param({ schema: logPath }) { log }: z.output<typeof logPath>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.inLog(
      log,
      caller,
      reply,
      async (sql, { logId }) => (await newestCheckpoint(sql, logId))?.note,
    );
  }

  @Get(':log/tile/*')
  @Header('content-type', 'application/octet-stream')
  @ApiExtension('x-log', 'operator')
  @ApiExtension('x-wildcard', 'path')
  @ApiParam({
    name: 'log',
    schema: { type: 'string' },
    description: 'Id of a log, or the last part of an auditor’s path',
  })
  @ApiParam({
    name: 'path',
    schema: { type: 'string' },
    description: 'Path of the tile after `tile/` (c2sp.org/tlog-tiles), such as `0/000` or `entries/000`',
  })
  @Operation({
    permission: 'public',
    operation: 'audit-log.tile',
    entity: { type: 'audit-log', id: null },
    effect: 'read',
    summary: 'A tile of hashes or, for callers with audit:read, of entries (c2sp.org/tlog-tiles)',
    answers: { 200: 'application/octet-stream' },
    problems: ['unauthenticated', 'forbidden', 'not-found'],
  })
  async tile(
    @Req() request: FastifyRequest,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // Fastify calls the rest of the path `*`, which OpenAPI has no word for.
    const parameters = tileParameters.safeParse(request.params);
    if (!parameters.success) throw problem('not-found');
    const { log, '*': path } = parameters.data;
    const tile = parseTilePath(`tile/${path}`);
    if (!tile) throw problem('not-found');
    // A whole tile of hashes never changes; a partial one is replaced by wider ones, and entries expire.
    const isFinal = tile.kind === 'hashes' && tile.width === TILE_WIDTH;
    void reply.header(
      'cache-control',
      isFinal ? 'private, max-age=31536000, immutable' : 'private, no-cache',
    );
    return this.inLog(log, caller, reply, async (sql, access) => {
      if (tile.kind === 'entries' && !access.entries)
        throw problem('forbidden', {
          detail:
            'A path given to an auditor leads to hashes only; entries require the permission audit:read',
        });
      return tileBytes(sql, access, tile);
    });
  }

  private async inLog(
    log: string,
    caller: Caller,
    reply: FastifyReply,
    read: (sql: Sql, access: LogAccess) => Promise<Buffer | undefined>,
  ): Promise<Buffer> {
    const access = accepted(await this.openLog.open(log, caller), problems);
    const found = await this.database.forOrganization(access.organizationId, (sql) => read(sql, access));
    if (!found) throw problem('not-found');
    void reply.header(ENTRY_DETAILS_HEADER, entryDetails({ log: access.logId }));
    return found;
  }
}

/** How each rejection is answered. */
const problems = {
  'unknown-log': ['not-found', 'There is no such log, or it is not visible to you'],
  'unknown-caller': ['unauthenticated', 'A log is read by its id in a session or with an API key'],
  'not-permitted': ['forbidden', 'Reading a log by its id requires the permission audit:read'],
} as const satisfies Record<LogRejection, RejectionProblem>;

/** Only what the newest checkpoint covers is given out: a client checks every tile against it. */
async function tileBytes(
  sql: Sql,
  { organizationId, logId }: LogAccess,
  tile: TilePath,
): Promise<Buffer | undefined> {
  const checkpoint = await newestCheckpoint(sql, logId);
  if (!checkpoint) return undefined;
  const level = tile.kind === 'hashes' ? tile.level : 0;
  if (tile.width > tileWidth(level, tile.index, checkpoint.size)) return undefined;
  if (tile.kind === 'hashes') return tileOf(sql, logId, level, tile.index, tile.width);
  const leaves = await entryBundle(sql, organizationId, logId, tile.index, tile.width);
  if (leaves) return Buffer.from(encodeEntryBundle(leaves));
  const first = tile.index * TILE_WIDTH;
  if ((await expiredRanges(sql, logId, [first, first + tile.width - 1])).length === 0) return undefined;
  throw problem('not-found', {
    detail:
      'Entries of this bundle were deleted at the end of their retention period; the log’s minimumIndex says from where on all are there',
    reason: 'expired',
  });
}
