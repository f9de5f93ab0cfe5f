import type { Client } from '../system/client.ts';
import { logIn } from '../system/people.ts';
import type { Organization } from './story.ts';
import type { World } from './world.ts';

/** Carries it out as whoever may, and writes it down in the story. @returns whether it came to pass */
export type Action = (world: World, organization: Organization) => Promise<boolean>;

/** A log-in of this moment: it also proves who the owner is. */
export function ownerOf(system: World['system'], { owner }: Organization): Promise<Client> {
  return logIn(system, owner);
}

export function answered({ status }: { readonly status: number }, wanted: number): boolean {
  return status === wanted;
}
