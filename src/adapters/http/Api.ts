import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import packageJson from "../../../package.json" with { type: "json" }
import {
  AssistantCount,
  AssistantPatch,
  AssistantSearch,
  Deletion,
  Drawing,
  Latest,
  NewAssistant,
  Versions
} from "./AssistantRequests.ts"
import { AssistantVersionView, AssistantView } from "./AssistantView.ts"
import { Authorization } from "./Authorization.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { Cancel, CancelMany, Join, JoinStream, RunList, RunsToCancel, StatelessRun, ThreadRun } from "./RunRequests.ts"
import { RunConfigView, RunView } from "./RunView.ts"
import { orNothing, RunIdText, ThreadIdText } from "./Schemas.ts"
import { History, HistoryQuery, NewThread, StateAt, ThreadCount, ThreadPatch, ThreadSearch } from "./ThreadRequests.ts"
import { ThreadStateView, ThreadView } from "./ThreadView.ts"

const { delete: del, get, patch, post } = HttpApiEndpoint

/** An assistant's id, or a graph's name, which means that graph's default assistant. */
const assistant = { assistant_id: Schema.NonEmptyString }

class AssistantsGroup extends HttpApiGroup.make("assistants").add(
  post("create", "/assistants", { payload: NewAssistant, success: AssistantView }),
  post("search", "/assistants/search", { payload: orNothing(AssistantSearch), success: Schema.Array(AssistantView) }),
  post("count", "/assistants/count", { payload: orNothing(AssistantCount), success: Schema.Int }),
  get("get", "/assistants/:assistant_id", { params: assistant, success: AssistantView }),
  patch("update", "/assistants/:assistant_id", { params: assistant, payload: AssistantPatch, success: AssistantView }),
  del("delete", "/assistants/:assistant_id", {
    params: assistant,
    query: Deletion,
    success: Schema.Array(Schema.String)
  }),
  post("versions", "/assistants/:assistant_id/versions", {
    params: assistant,
    payload: orNothing(Versions),
    success: Schema.Array(AssistantVersionView)
  }),
  post("latest", "/assistants/:assistant_id/latest", { params: assistant, payload: Latest, success: AssistantView }),
  get("schemas", "/assistants/:assistant_id/schemas", { params: assistant, success: Schema.JsonObject }),
  get("graph", "/assistants/:assistant_id/graph", { params: assistant, query: Drawing, success: Schema.JsonObject })
).middleware(RequestChecks).middleware(Authorization) {}

const thread = { thread_id: ThreadIdText }
const States = Schema.Array(ThreadStateView)

class ThreadsGroup extends HttpApiGroup.make("threads").add(
  post("create", "/threads", { payload: orNothing(NewThread), success: ThreadView }),
  post("search", "/threads/search", { payload: orNothing(ThreadSearch), success: Schema.Array(ThreadView) }),
  post("count", "/threads/count", { payload: orNothing(ThreadCount), success: Schema.Int }),
  get("get", "/threads/:thread_id", { params: thread, success: ThreadView }),
  patch("update", "/threads/:thread_id", { params: thread, payload: ThreadPatch, success: ThreadView }),
  del("delete", "/threads/:thread_id", { params: thread, success: HttpApiSchema.NoContent }),
  post("copy", "/threads/:thread_id/copy", { params: thread, success: ThreadView }),
  get("state", "/threads/:thread_id/state", { params: thread, success: ThreadStateView }),
  get("stateAt", "/threads/:thread_id/state/:checkpoint_id", {
    params: { ...thread, checkpoint_id: Schema.NonEmptyString },
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

const run = { ...thread, run_id: RunIdText }

/** A stream of events, `text/event-stream`. */
const Events = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/event-stream" }))

class RunsGroup extends HttpApiGroup.make("runs").add(
  post("create", "/threads/:thread_id/runs", { params: thread, payload: ThreadRun, success: RunView }),
  post("stream", "/threads/:thread_id/runs/stream", { params: thread, payload: ThreadRun, success: Events }),
  post("wait", "/threads/:thread_id/runs/wait", { params: thread, payload: ThreadRun, success: Schema.Json }),
  get("list", "/threads/:thread_id/runs", { params: thread, query: RunList, success: Schema.Array(RunView) }),
  get("get", "/threads/:thread_id/runs/:run_id", { params: run, success: RunView }),
  get("config", "/threads/:thread_id/runs/:run_id/config", { params: run, success: RunConfigView }),
  get("join", "/threads/:thread_id/runs/:run_id/join", { params: run, query: Join, success: Schema.Json }),
  get("joinStream", "/threads/:thread_id/runs/:run_id/stream", { params: run, query: JoinStream, success: Events }),
  post("cancel", "/threads/:thread_id/runs/:run_id/cancel", {
    params: run,
    query: Cancel,
    success: [HttpApiSchema.NoContent, HttpApiSchema.Empty(202)]
  }),
  del("delete", "/threads/:thread_id/runs/:run_id", { params: run, success: HttpApiSchema.NoContent })
).middleware(RequestChecks).middleware(Authorization) {}

class StatelessRunsGroup extends HttpApiGroup.make("statelessRuns").add(
  post("create", "/runs", { payload: StatelessRun, success: RunView }),
  post("stream", "/runs/stream", { payload: StatelessRun, success: Events }),
  post("wait", "/runs/wait", { payload: StatelessRun, success: Schema.Json }),
  post("cancel", "/runs/cancel", { query: CancelMany, payload: RunsToCancel, success: HttpApiSchema.NoContent })
).middleware(RequestChecks).middleware(Authorization) {}

const Ok = Schema.Struct({ ok: Schema.Boolean })
/** `listening`: other replicas are heard at once; without it they are found out by looking, which takes longer. */
const Ready = Schema.Struct({ ok: Schema.Boolean, listening: Schema.Boolean })
const Text = (contentType: string) => Schema.String.pipe(HttpApiSchema.asText({ contentType }))

/** Public: what an operator, a load balancer and a curious person ask. */
class SystemGroup extends HttpApiGroup.make("system").add(
  get("home", "/", { success: Schema.JsonObject }),
  get("ok", "/ok", { success: Ok }),
  get("live", "/live", { success: Ok }),
  get("ready", "/ready", { success: Ready }),
  get("health", "/health", { success: Schema.JsonObject }),
  get("info", "/info", { success: Schema.JsonObject }),
  get("docs", "/docs", { success: Text("text/html; charset=utf-8") }),
  get("openapi", "/openapi.json", { success: Schema.JsonObject }),
  get("metrics", "/metrics", { success: Text("text/plain; version=0.0.4; charset=utf-8") })
) {}

/** The contract: every route of this server. Handlers and the OpenAPI document follow from it. */
export class Api extends HttpApi.make("throughline")
  .add(AssistantsGroup)
  .add(ThreadsGroup)
  .add(RunsGroup)
  .add(StatelessRunsGroup)
  .add(SystemGroup)
  .annotateMerge(OpenApi.annotations({ title: "Throughline", version: packageJson.version }))
{}
