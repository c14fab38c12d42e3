import { Schema, SchemaGetter } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import { CancelAction, MultitaskStrategy, RunStatus } from "../../domain/Run.ts"
import { Durability, StreamMode } from "../../domain/RunRequest.ts"
import { webhookProblem } from "../../domain/Webhook.ts"
import {
  Configuration,
  Flag,
  given,
  limitOf,
  limitText,
  listOf,
  maybe,
  offset,
  offsetText,
  RunIdText,
  ThreadIdText
} from "./Schemas.ts"
import { Checkpoint } from "./StateRequests.ts"

export const Nodes = Schema.Union([Schema.Literal("*"), Schema.Array(Schema.String)])

export const StreamModes = Schema.Union([StreamMode, Schema.Array(StreamMode)]).pipe(
  Schema.decodeTo(Schema.Array(StreamMode), {
    decode: SchemaGetter.transform((modes) => typeof modes === "string" ? [modes] : modes),
    encode: SchemaGetter.passthrough()
  })
)

export const WebhookUrl = Schema.String.check(Schema.makeFilter((text) => webhookProblem(text) ?? true))

const Send = Schema.Struct({ node: Schema.NonEmptyString, input: given(Schema.Json, null) })
const Goto = Schema.Union([Schema.NonEmptyString, Send])
const Written = Schema.Union([Schema.JsonObject, Schema.Array(Schema.Tuple([Schema.String, Schema.Json]))])

/** An answer, something to write, where to go on: any of them. An answer may be null. */
const Command = Schema.StructWithRest(
  Schema.Struct({
    resume: Schema.optionalKey(Schema.Json),
    update: maybe(Written),
    goto: maybe(Schema.Union([Goto, Schema.Array(Goto)]))
  }),
  [Schema.Record(Schema.String, Schema.Json)]
)

/** A year, in seconds. */
const longestDelay = 365 * 24 * 60 * 60

const run = {
  assistant_id: Schema.NonEmptyString,
  input: given(Schema.Json, null),
  command: maybe(Command),
  config: given(Configuration, {}),
  context: given(Schema.JsonObject, {}),
  metadata: given(Schema.JsonObject, {}),
  stream_mode: given(StreamModes, ["values"]),
  stream_subgraphs: given(Schema.Boolean, false),
  stream_resumable: given(Schema.Boolean, false),
  interrupt_before: maybe(Nodes),
  interrupt_after: maybe(Nodes),
  durability: maybe(Durability),
  /** What `durability` was called before: no is `exit`. */
  checkpoint_during: maybe(Schema.Boolean),
  on_disconnect: given(Schema.Literals(["cancel", "continue"]), "continue"),
  after_seconds: maybe(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longestDelay }))),
  timeout: maybe(Schema.Finite.check(Schema.isGreaterThan(0))),
  webhook: maybe(WebhookUrl)
}

export const ThreadRun = Schema.Struct({
  ...run,
  checkpoint: maybe(Checkpoint),
  checkpoint_id: maybe(Schema.NonEmptyString),
  multitask_strategy: given(MultitaskStrategy, "reject"),
  if_not_exists: given(Schema.Literals(["create", "reject"]), "reject")
})
export type ThreadRun = typeof ThreadRun.Type

/** Of nothing that has no history yet. */
const ownThread = maybe(
  Schema.Json.check(Schema.makeFilter(() => "A run with a thread of its own has no checkpoint to start from"))
)

export const StatelessRun = Schema.Struct({
  ...run,
  /** The SDK's types know `complete` and `continue` as well, which say nothing about the run's thread. */
  on_completion: given(Schema.Literals(["delete", "keep", "complete", "continue"]), "delete"),
  checkpoint: ownThread,
  checkpoint_id: ownThread
})
export type StatelessRun = typeof StatelessRun.Type

/** A run as it would be sent, whatever else it would say: what it is to be explained for stands in the path. */
const { assistant_id: _, ...explained } = run
export const ExplainedRun = Schema.Struct(explained)

/** So many are made in one transaction. */
export const RunBatch = Schema.Array(StatelessRun).check(Schema.isMinLength(1), Schema.isMaxLength(100))

export const RunList = {
  limit: limitText(10),
  offset: offsetText,
  status: maybe(RunStatus),
  select: maybe(listOf(Schema.String))
}

export const RunSearch = Schema.Struct({
  assistant_id: maybe(AssistantId),
  status: maybe(RunStatus),
  limit: limitOf(10),
  offset
})

export const Join = { cancel_on_disconnect: given(Flag, false) }

export const JoinStream = {
  ...Join,
  stream_mode: maybe(listOf(StreamMode))
}

export const CancelMany = { action: given(CancelAction, "interrupt") }

export const Cancel = { ...CancelMany, wait: given(Flag, false) }

/** The caller's active runs: some of a thread, all of it, or all there are of a status. */
export const RunsToCancel = Schema.Struct({
  thread_id: maybe(ThreadIdText),
  run_ids: maybe(Schema.Array(RunIdText)),
  status: maybe(Schema.Literals(["pending", "running", "all"]))
}).check(
  Schema.makeFilter(
    ({ run_ids, status, thread_id }) =>
      run_ids !== undefined || status !== undefined || thread_id !== undefined
      || "say which: thread_id, run_ids or status"
  )
)
