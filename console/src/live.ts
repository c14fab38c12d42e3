/** How often what is looked at is asked for again, in milliseconds; nothing is while nobody looks. */
export const everyTwoSeconds = { refetchInterval: 2000, refetchIntervalInBackground: false } as const

/** The same for what asks tool servers each time: they are other people's. */
export const everyTenSeconds = { ...everyTwoSeconds, refetchInterval: 10_000 } as const

const active = new Set(["pending", "running"])

/** What is under way is watched more closely. */
export const interval = (statuses: ReadonlyArray<string>): number =>
  statuses.some((status) => active.has(status)) ? 1000 : 2000

export const isUnderWay = (status: string): boolean => active.has(status)
