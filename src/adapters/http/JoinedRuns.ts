import { Effect, Stream } from "effect"
import type { HttpServerRequest } from "effect/http"
import { followRun } from "../../app/usecases/FollowRun.ts"
import type { Run } from "../../domain/Run.ts"
import type { StreamMode } from "../../domain/RunRequest.ts"
import { CurrentCaller } from "./Authorization.ts"
import { eventStream, ofModes } from "./Sse.ts"

/** The id that a reader saw last; anything that is no id of ours reads from the beginning. */
const lastSeen = (id: string | undefined) => id !== undefined && /^\d{1,9}$/.test(id) ? Number(id) : -1

export const leaving = (query: { readonly cancel_on_disconnect: boolean }) =>
  query.cancel_on_disconnect ? "cancel" : "continue"

interface Query {
  readonly cancel_on_disconnect: boolean
  readonly stream_mode?: ReadonlyArray<StreamMode>
}

/** The stream of a run that is there already, from where its reader was. */
export const joined = Effect.fnUntraced(
  function*(run: Run, query: Query, { headers }: HttpServerRequest.HttpServerRequest) {
    const { principal } = yield* CurrentCaller
    const events = yield* followRun(run, lastSeen(headers["last-event-id"]), leaving(query), principal)
    const { stream_mode: modes } = query
    return eventStream(run, modes === undefined ? events : Stream.filter(events, ofModes(modes)))
  }
)
