import type { Kind } from "./Options.ts"

/** Something that was done to the system. */
export interface Blow {
  readonly kind: Kind
  /** Milliseconds since the epoch, as everywhere here: all parts are on one machine. */
  readonly at: number
  /** The server it hit, if it hit one. */
  readonly server: string | undefined
  /** When it was made good again: thawed, up again. */
  until: number | undefined
}

/** What must not be. */
export interface Violation {
  readonly rule: string
  readonly detail: string
  readonly at: number
  /** Which run it is about, by its marker. */
  readonly run: string | undefined
}

/** What happened, in its order. */
export interface Timeline {
  readonly blows: Array<Blow>
  readonly violations: Array<Violation>
  /** Things worth counting that are no violations. */
  readonly counts: Map<string, number>
  /** How long things took, in ms, by what. */
  readonly durations: Map<string, Array<number>>
  readonly took: (what: string, since: number) => void
  readonly violated: (rule: string, detail: string, run?: string) => void
  readonly count: (what: string, by?: number) => void
  /** Whatever is found from now on comes of being interrupted. */
  readonly close: () => void
}

export const makeTimeline = (say: (line: string) => void): Timeline => {
  const violations: Array<Violation> = []
  const counts = new Map<string, number>()
  const durations = new Map<string, Array<number>>()
  let closed = false
  return {
    blows: [],
    durations,
    took: (what, since) => {
      durations.set(what, [...durations.get(what) ?? [], Date.now() - since])
    },
    violations,
    counts,
    violated: (rule, detail, run) => {
      if (closed) return
      violations.push({ rule, detail, at: Date.now(), run })
      // Said at once, so that one can look while it is fresh; a flood would hide the first.
      if (violations.length <= 20) say(`VIOLATION ${rule}${run === undefined ? "" : ` (${run})`}: ${detail}`)
    },
    count: (what, by = 1) => {
      counts.set(what, (counts.get(what) ?? 0) + by)
    },
    close: () => {
      closed = true
    }
  }
}
