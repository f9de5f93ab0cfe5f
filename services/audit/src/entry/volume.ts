import { Inject, Injectable } from '@nestjs/common';
import { Database, instant, prepared, type Sql } from '@vouchsafe/database';
import { Clock, CONFIG, problem } from '@vouchsafe/service-host';
import type { AuditConfig } from '../audit.config.js';

/** What organizations may submit by the API, each for itself: so many entries, and so many bytes of them as JSON, in a window. */
interface VolumeLimit {
  readonly seconds: number;
  readonly entries: number;
  readonly bytes: number;
}

export interface Volume {
  readonly entries: number;
  readonly bytes: number;
}

/** How much of a limit is used, and when its window ends. */
export interface Usage extends Volume {
  readonly limit: VolumeLimit;
  readonly secondsLeft: number;
}

/**
 * Counts in the database, so that all instances count together, and a restart loses nothing. A batch is counted before anything is
 * done for it, whole or not at all. Against the short window counts everything that is sent, for it costs work: a retry, a batch that is
 * refused later. Against the long one only what is recorded: what was known before, or is refused, is given back.
 */
@Injectable()
export class VolumeLimits {
  private readonly limits: readonly [short: VolumeLimit, long: VolumeLimit];

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CONFIG) config: AuditConfig,
  ) {
    this.limits = volumeLimits(config);
  }

  /** @throws ProblemError `too-many-requests` where a limit would be passed; then nothing is counted */
  async take(organizationId: string, sent: Volume): Promise<readonly Usage[]> {
    const at = this.clock.now();
    return this.database.forOrganization(organizationId, async (sql) => {
      const usages = await this.count(sql, organizationId, sent, at);
      const passed = usages.filter(isPassed);
      if (passed.length === 0) return usages;
      // Thrown, it rolls the count back.
      throw tooMuch(passed, sent, usages);
    });
  }

  /**
   * Of what was counted, this was not recorded: it is subtracted from the long window. Where the database fails again the window keeps it: the
   * batch's own answer must not be lost with it.
   */
  async giveBack(
    organizationId: string,
    unrecorded: Volume,
    [short, long]: readonly Usage[],
  ): Promise<readonly Usage[]> {
    if (!short || !long) throw new Error('There must be exactly two windows');
    if (unrecorded.entries === 0) return [short, long];
    const given = this.database.forOrganization(organizationId, (sql) =>
      sql.query(
        prepared(`update entry_volume set entries = greatest(entries - $3, 0), bytes = greatest(bytes - $4, 0)
         where organization_id = $1 and seconds = $2`),
        [organizationId, long.limit.seconds, unrecorded.entries, unrecorded.bytes],
      ),
    );
    return given.then(
      () => [short, without(long, unrecorded)],
      () => [short, long],
    );
  }

  async read(organizationId: string): Promise<readonly Usage[]> {
    const [at, nothing] = [this.clock.now(), { entries: 0, bytes: 0 }];
    return this.database.forOrganization(organizationId, (sql) =>
      this.count(sql, organizationId, nothing, at),
    );
  }

  private async count(sql: Sql, organizationId: string, sent: Volume, at: Date): Promise<Usage[]> {
    const rows = await sql.query<{ seconds: number; entries: string; bytes: string; ends_at: string }>(
      countStatement,
      [organizationId, this.limits.map(({ seconds }) => seconds), sent.entries, sent.bytes, at],
    );
    return this.limits.map((limit) => {
      const row = rows.find(({ seconds }) => seconds === limit.seconds);
      if (!row) throw new Error(`The window of ${limit.seconds} s has no count`);
      const secondsLeft = Math.max(1, Math.ceil((instant(row.ends_at).getTime() - at.getTime()) / 1000));
      return { limit, entries: Number(row.entries), bytes: Number(row.bytes), secondsLeft };
    });
  }
}

function volumeLimits(config: AuditConfig): readonly [short: VolumeLimit, long: VolumeLimit] {
  return [
    {
      seconds: 60,
      entries: config.VOUCHSAFE_ENTRIES_PER_MINUTE,
      bytes: config.VOUCHSAFE_ENTRY_BYTES_PER_MINUTE,
    },
    {
      seconds: 86_400,
      entries: config.VOUCHSAFE_ENTRIES_PER_DAY,
      bytes: config.VOUCHSAFE_ENTRY_BYTES_PER_DAY,
    },
  ];
}

/** A crash of the server may lose the last half second of a count: it need not wait for the disk. */
const countStatement = prepared(`
  with lazily as (select set_config('synchronous_commit', 'off', true))
  insert into entry_volume as v (organization_id, seconds, entries, bytes, ends_at)
  select $1::uuid, seconds, $3::bigint, $4::bigint, $5::timestamptz + seconds * interval '1 second'
  from lazily, unnest($2::int[]) as seconds
  on conflict (organization_id, seconds) do update set
    entries = excluded.entries + case when v.ends_at > $5 then v.entries else 0 end,
    bytes = excluded.bytes + case when v.ends_at > $5 then v.bytes else 0 end,
    ends_at = case when v.ends_at > $5 then v.ends_at else excluded.ends_at end
  returning seconds, entries, bytes, ends_at`);

/**
 * As many bytes as the entries have as JSON, without the white space between, and a share for each member of details: each is hashed
 * and encrypted by itself, which costs much more than its bytes when it is short.
 */
export function volumeOf(entries: readonly { readonly details: object }[]): Volume {
  const bytes = entries.reduce(
    (sum, entry) =>
      sum + Buffer.byteLength(JSON.stringify(entry)) + BYTES_PER_DETAIL * Object.keys(entry.details).length,
    0,
  );
  return { entries: entries.length, bytes };
}

const BYTES_PER_DETAIL = 1024;

/** What the answer's headers say (draft-ietf-httpapi-ratelimit-headers, structured fields of RFC 9651): each limit by its name. */
export function volumeHeaders(usages: readonly Usage[]): Record<string, string> {
  const items = usages.flatMap(({ limit, entries, bytes, secondsLeft }) => [
    { of: limit.entries, used: entries, unit: 'entries', limit, secondsLeft },
    { of: limit.bytes, used: bytes, unit: 'content-bytes', limit, secondsLeft },
  ]);
  const name = ({ unit, limit }: (typeof items)[number]) => `"${unit}-in-${limit.seconds}s"`;
  return {
    'ratelimit-policy': items
      .map((item) => `${name(item)};q=${item.of};qu="${item.unit}";w=${item.limit.seconds}`)
      .join(', '),
    ratelimit: items
      .map((item) => `${name(item)};r=${Math.max(0, item.of - item.used)};t=${item.secondsLeft}`)
      .join(', '),
  };
}

function isPassed({ limit, entries, bytes }: Usage): boolean {
  return entries > limit.entries || bytes > limit.bytes;
}

function without(usage: Usage, { entries, bytes }: Volume): Usage {
  return { ...usage, entries: usage.entries - entries, bytes: usage.bytes - bytes };
}

function tooMuch(passed: readonly Usage[], sent: Volume, usages: readonly Usage[]) {
  const words = passed.map(
    ({ limit }) => `${limit.entries} entries and ${limit.bytes} bytes in ${limit.seconds} s`,
  );
  const never = passed.some(({ limit }) => sent.entries > limit.entries || sent.bytes > limit.bytes);
  return problem('too-many-requests', {
    detail:
      `An organization can submit ${words.join('; ')}. None of these entries was recorded` +
      (never ? '; the request alone exceeds the limit: send fewer entries at once' : ''),
    headers: {
      'retry-after': String(Math.max(...passed.map(({ secondsLeft }) => secondsLeft))),
      ...volumeHeaders(usages.map((usage) => without(usage, sent))),
    },
  });
}
