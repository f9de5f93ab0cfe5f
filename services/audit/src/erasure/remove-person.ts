/** @promise P10 removes what audit finds a person's entries by; leaves and proofs stay */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { countRows, type Destroying, type PersonErasure, type PersonRemoval } from '@vouchsafe/service-host';

/**
 * What audit keeps of a person's entries beside sealed disclosures (P10): keyed hashes that they are searched by, and those of what was
 * sent. Leaves, digests, tiles and checkpoints stay: every proof still holds.
 */
@Injectable()
export class RemovePerson implements PersonRemoval {
  constructor(private readonly database: Database) {}

  /** For the preview: entries with a value about the person. */
  count({ organizations, subjects }: Pick<PersonErasure, 'organizations' | 'subjects'>): Promise<number> {
    return countRows(this.database, entriesOfPerson, [organizations, subjects]);
  }

  /** The hash of a value that the leaf has in clear says no more than the leaf, and stays: the entry is found by it as before. */
  async remove({ organizations, subjects }: PersonErasure, destroy: Destroying): Promise<void> {
    await destroy(async (sql) => {
      await sql.query(
        `update entry e set source_key = null,
           actor_key = case when ${leaf}->'actor'->'id' is null then null else actor_key end,
           entity_key = case when ${leaf}->'entity'->'id' is null then null else entity_key end,
           request_key = case when ${leaf}->'requestId' is null then null else request_key end
         from (${entriesOfPerson}) as theirs
         where e.organization_id = theirs.organization_id and e.recorded_at = theirs.recorded_at and e.index = theirs.index
           and e.log_id = theirs.log_id`,
        [organizations, subjects],
      );
      // An entry that is sent again is still recognized by its id, but its content can no longer be compared.
      await sql.query(
        `update submission s set content_key = null from (${entriesOfPerson}) as theirs
         where s.organization_id = theirs.organization_id and s.log_id = theirs.log_id and s.index = theirs.index
           and content_key is not null`,
        [organizations, subjects],
      );
    });
  }
}

/** Entries with a disclosure about the person. There is no index by person: an erasure is rare, an entry is not. */
const entriesOfPerson = `select distinct organization_id, log_id, index, recorded_at from disclosure
  where organization_id = any ($1::uuid[]) and subject_id = any ($2::text[])`;

const leaf = `convert_from(e.leaf, 'UTF8')::json`;
