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
  Subgraphs,
  Versions
} from "./AssistantRequests.ts"
import { AssistantVersionView, AssistantView } from "./AssistantView.ts"
import { Authorization } from "./Authorization.ts"
import { CronsGroup } from "./CronApi.ts"
import { DemoPersonView } from "./DemoPersonView.ts"
import { DoctorGroup } from "./DoctorApi.ts"
import { demoOnly } from "./Errors.ts"
import { ExplanationView } from "./ExplanationView.ts"
import { ProtocolGroup } from "./ProtocolApi.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { RunRecordView } from "./RunRecordView.ts"
import {
  Cancel,
  CancelMany,
  ExplainedRun,
  Join,
  JoinStream,
  RunBatch,
  RunList,
  RunSearch,
  RunsToCancel,
  StatelessRun,
  ThreadRun
} from "./RunRequests.ts"
import { RunConfigView, RunView } from "./RunView.ts"
import { Events, Flag, given, orNothing, RunIdText, ThreadIdText } from "./Schemas.ts"
import { StoreGroup } from "./StoreApi.ts"
import { NewThread, Prune, ThreadCount, ThreadPatch, ThreadSearch } from "./ThreadRequests.ts"
import { ThreadStatesGroup } from "./ThreadStateApi.ts"
import { ThreadView } from "./ThreadView.ts"
import { UiGroup } from "./UiApi.ts"

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
  post("explain", "/assistants/:assistant_id/explain", {
    params: assistant,
    payload: orNothing(ExplainedRun),
    success: ExplanationView
  }),
  get("schemas", "/assistants/:assistant_id/schemas", { params: assistant, success: Schema.JsonObject }),
  get("graph", "/assistants/:assistant_id/graph", { params: assistant, query: Drawing, success: Schema.JsonObject }),
  get("subgraphs", "/assistants/:assistant_id/subgraphs", {
    params: assistant,
    query: Subgraphs,
    success: Schema.JsonObject
  }),
  get("subgraph", "/assistants/:assistant_id/subgraphs/:namespace", {
    params: { ...assistant, namespace: Schema.NonEmptyString },
    query: Subgraphs,
    success: Schema.JsonObject
  })
).middleware(RequestChecks).middleware(Authorization) {}

const thread = { thread_id: ThreadIdText }

class ThreadsGroup extends HttpApiGroup.make("threads").add(
  post("create", "/threads", { payload: orNothing(NewThread), success: ThreadView }),
  post("search", "/threads/search", { payload: orNothing(ThreadSearch), success: Schema.Array(ThreadView) }),
  post("count", "/threads/count", { payload: orNothing(ThreadCount), success: Schema.Int }),
  post("prune", "/threads/prune", { payload: Prune, success: Schema.Struct({ pruned_count: Schema.Int }) }),
  get("get", "/threads/:thread_id", { params: thread, success: ThreadView }),
  patch("update", "/threads/:thread_id", {
    params: thread,
    payload: ThreadPatch,
    success: [ThreadView, HttpApiSchema.NoContent]
  }),
  del("delete", "/threads/:thread_id", { params: thread, success: HttpApiSchema.NoContent }),
  post("copy", "/threads/:thread_id/copy", { params: thread, success: ThreadView })
).middleware(RequestChecks).middleware(Authorization) {}

const run = { ...thread, run_id: RunIdText }

class RunsGroup extends HttpApiGroup.make("runs").add(
  post("create", "/threads/:thread_id/runs", { params: thread, payload: ThreadRun, success: RunView }),
  post("stream", "/threads/:thread_id/runs/stream", { params: thread, payload: ThreadRun, success: Events }),
  post("wait", "/threads/:thread_id/runs/wait", { params: thread, payload: ThreadRun, success: Schema.Json }),
  get("list", "/threads/:thread_id/runs", { params: thread, query: RunList, success: Schema.Array(RunView) }),
  get("get", "/threads/:thread_id/runs/:run_id", { params: run, success: RunView }),
  get("config", "/threads/:thread_id/runs/:run_id/config", { params: run, success: RunConfigView }),
  get("record", "/threads/:thread_id/runs/:run_id/record", { params: run, success: RunRecordView }),
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
  post("search", "/runs/search", { payload: orNothing(RunSearch), success: Schema.Array(RunView) }),
  post("batch", "/runs/batch", { payload: RunBatch, success: Schema.Array(RunView) }),
  get("joinStream", "/runs/:run_id/stream", {
    params: { run_id: RunIdText },
    query: JoinStream,
    success: Events
  }),
  post("cancel", "/runs/cancel", { query: CancelMany, payload: RunsToCancel, success: HttpApiSchema.NoContent })
).middleware(RequestChecks).middleware(Authorization) {}

const Ok = Schema.Struct({ ok: Schema.Boolean })
/** Whether the database is asked as well. */
const Check = { check_db: given(Flag, false) }
/** `listening`: other replicas are heard at once; without it they are found out by looking, which takes longer. */
const Ready = Schema.Struct({ ok: Schema.Boolean, listening: Schema.Boolean })
const Text = (contentType: string) => Schema.String.pipe(HttpApiSchema.asText({ contentType }))

/** Public: what an operator, a load balancer and a curious person ask. */
class SystemGroup extends HttpApiGroup.make("system").add(
  get("home", "/", { success: Schema.JsonObject }),
  get("ok", "/ok", { query: Check, success: Ok }),
  get("live", "/live", { success: Ok }),
  get("ready", "/ready", { success: Ready }),
  get("health", "/health", { success: Schema.JsonObject }),
  get("info", "/info", { success: Schema.JsonObject }),
  get("demoPeople", "/demo/people", { success: Schema.Array(DemoPersonView), error: demoOnly }),
  get("docs", "/docs", { success: Text("text/html; charset=utf-8") }),
  get("openapi", "/openapi.json", { success: Schema.JsonObject }),
  get("metrics", "/metrics", { success: Text("text/plain; version=0.0.4; charset=utf-8") })
) {}

/** The contract: every route of this server. Handlers and the OpenAPI document follow from it. */
export class Api extends HttpApi.make("throughline")
  .add(AssistantsGroup)
  .add(ThreadsGroup)
  .add(ThreadStatesGroup)
  .add(RunsGroup)
  .add(StatelessRunsGroup)
  .add(ProtocolGroup)
  .add(CronsGroup)
  .add(StoreGroup)
  .add(UiGroup)
  .add(DoctorGroup)
  .add(SystemGroup)
  .annotateMerge(OpenApi.annotations({ title: "Throughline", version: packageJson.version }))
{}
