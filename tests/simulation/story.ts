import type { Client } from '../system/client.ts';

/** What was done to an organization, and when: all that the checks know besides what they read in the stores. */
export interface Organization {
  readonly organizationId: string;
  readonly name: string;
  readonly owner: { readonly userId: string; readonly email: string; readonly password: string };
  readonly signedUpAt: Date;
  /** Whether the owner ever confirmed the address. */
  readonly isVerified: boolean;
  /** For its back end; null until it has one. */
  key: Client | null;
  /** Who can be erased. */
  member: string | null;
  /** Its live one. */
  subscriptionId: string | null;
  readonly terminations: Termination[];
  readonly holds: Hold[];
  readonly erasures: Erasure[];
}

export interface Termination {
  /** T0. */
  readonly endedAt: Date;
  cameBackAt: Date | null;
}

export interface Hold {
  readonly holdId: string;
  /** Null: all of the organization. */
  readonly subject: string | null;
  readonly placedAt: Date;
  /** When it was first seen to be in force; null before. */
  inForceAt: Date | null;
  /** When somebody asked for its release; null before. */
  releasedAt: Date | null;
}

/** A person who asked to be erased. */
export interface Erasure {
  readonly userId: string;
  readonly askedAt: Date;
}

export interface Story {
  readonly operatorOrganizationId: string;
  readonly organizations: Organization[];
}

/** The end that was not taken back; undefined for an organization in use. */
export function endOf({ terminations }: Organization): Termination | undefined {
  return terminations.find(({ cameBackAt }) => cameBackAt === null);
}
