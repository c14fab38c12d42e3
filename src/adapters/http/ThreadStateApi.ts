import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "./Authorization.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { orNothing, ThreadIdText } from "./Schemas.ts"
import { History, HistoryQuery, StateAt, StateChange, StateMetadata, StateQuery } from "./StateRequests.ts"
import { ThreadStateView, UpdatedStateView } from "./ThreadView.ts"

const { get, patch, post } = HttpApiEndpoint

const thread = { thread_id: ThreadIdText }
const States = Schema.Array(ThreadStateView)

/** What is on threads: their states, one at a time or as a history, and writing to them outside of a run. */
export class ThreadStatesGroup extends HttpApiGroup.make("threadStates").add(
  get("state", "/threads/:thread_id/state", { params: thread, query: StateQuery, success: ThreadStateView }),
  post("update", "/threads/:thread_id/state", { params: thread, payload: StateChange, success: UpdatedStateView }),
  patch("patch", "/threads/:thread_id/state", {
    params: thread,
    payload: StateMetadata,
    success: HttpApiSchema.NoContent
  }),
  get("stateAt", "/threads/:thread_id/state/:checkpoint_id", {
    params: { ...thread, checkpoint_id: Schema.NonEmptyString },
    query: StateQuery,
    success: ThreadStateView
  }),
  post("stateOf", "/threads/:thread_id/state/checkpoint", {
    params: thread,
    payload: StateAt,
    success: ThreadStateView
  }),
  post("history", "/threads/:thread_id/history", { params: thread, payload: orNothing(History), success: States }),
  get("pastStates", "/threads/:thread_id/history", { params: thread, query: HistoryQuery, success: States })
).middleware(RequestChecks).middleware(Authorization) {}
