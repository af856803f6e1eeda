/** Without this, a notification is seen by those alone who look for it. */
export const STAYS = { autoClose: false } as const;
