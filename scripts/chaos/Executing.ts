import type { RunNote } from "./Notes.ts"
import type { Kind } from "./Options.ts"

/** A run that was in a server's hands when that was struck. */
interface Hit {
  readonly kind: Kind
  readonly at: number
}

/** Who executes what, as the models are asked: one for each server. */
export const makeExecuting = () => {
  const servers = new Map<string, string>()
  const hits = new Map<string, Array<Hit>>()
  return {
    asked: (server: string) => (marker: string) => void servers.set(marker, server),
    ended: (marker: string) => void servers.delete(marker),
    struck: (kind: Kind, server: string) => {
      const at = Date.now()
      for (const [marker, by] of servers) {
        if (by !== server) continue
        hits.set(marker, [...hits.get(marker) ?? [], { kind, at }])
        // Nobody's, until somebody asks for it again.
        servers.delete(marker)
      }
    },
    /** From the blow until somebody else had taken the run up, in ms. */
    takeovers: (notes: ReadonlyArray<RunNote>, kind: Kind): ReadonlyArray<number> =>
      notes.flatMap(({ log, task }) => {
        const attempts = log?.attempts ?? []
        return (hits.get(task.marker) ?? []).filter((hit) => hit.kind === kind).flatMap(({ at }) => {
          const next = attempts.findIndex((attempt) => attempt.at > at)
          const taken = attempts[next]
          // The first attempt of all is none that anybody has taken over.
          return next > 0 && taken !== undefined ? [taken.at - at] : []
        })
      })
  }
}

export type Executing = ReturnType<typeof makeExecuting>
