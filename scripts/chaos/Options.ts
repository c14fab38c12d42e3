/** What can be done to a system that is not to mind. */
export const kinds = ["kill", "freeze", "stop", "restart", "crash", "deafen", "cut"] as const
export type Kind = typeof kinds[number]

/** In words, for whoever reads the table. */
export const kindNames: Readonly<Record<Kind, string>> = {
  kill: "kill -9 of a server",
  freeze: "SIGSTOP beyond the lease, then SIGCONT",
  stop: "SIGTERM and restart",
  restart: "Postgres restarted (fast)",
  crash: "Postgres restarted (immediate: as a crash)",
  deafen: "LISTEN connections cut",
  cut: "all database connections cut"
}

/** Seconds from one to the next, on average. For a thousand kills in an hour. */
export const usual: Readonly<Record<Kind, number>> = {
  kill: 3,
  freeze: 60,
  stop: 30,
  restart: 150,
  crash: 150,
  deafen: 30,
  cut: 60
}

export interface ChaosOptions {
  readonly seed: number
  /** How long there is chaos; what it left is waited for after that. */
  readonly seconds: number
  /** Conversations at a time. */
  readonly threads: number
  readonly servers: number
  /** A Postgres of somebody else's, which is then not restarted; without one, its own. */
  readonly databaseUrl: string | undefined
  /** Mean seconds from one to the next; what is missing does not happen. */
  readonly every: Partial<Readonly<Record<Kind, number>>>
  /** Seconds from the start at which it happens for certain: for a time too short to leave it to chance. */
  readonly at: Partial<Readonly<Record<Kind, ReadonlyArray<number>>>>
  /** How long a client thinks before it says more, on average. */
  readonly thinkSeconds: number
  /** Starts servers with a part that is broken on purpose. */
  readonly fault: string | undefined
  /** The servers' entry point, if not this checkout's. */
  readonly entry: string | undefined
  readonly say: (line: string) => void
}

/** A lost worker is taken for lost after this. */
export const heartbeatSeconds = 10
