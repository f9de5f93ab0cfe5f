import { z } from 'zod';

/** An id is random (UUID) and carries no meaning, so it may stand in clear in logs and leaves. */
export const organizationId = z.uuid().brand<'OrganizationId'>();
export type OrganizationId = z.infer<typeof organizationId>;

export const userId = z.uuid().brand<'UserId'>();
export type UserId = z.infer<typeof userId>;
