/** What several of identity's facts are about. */
export const organization = { type: 'organization', id: 'organizationId' } as const;
export const user = { type: 'user', id: 'userId' } as const;
