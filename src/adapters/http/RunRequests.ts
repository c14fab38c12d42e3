import { Schema, SchemaGetter } from "effect"
import { CancelAction, MultitaskStrategy, RunStatus, StreamMode } from "../../domain/Run.ts"
import { webhookProblem } from "../../domain/Webhook.ts"
import { Configuration, Flag, given, limitText, maybe, offsetText, RunIdText, ThreadIdText } from "./Schemas.ts"
import { Checkpoint } from "./ThreadRequests.ts"

const Nodes = Schema.Union([Schema.Literal("*"), Schema.Array(Schema.String)])

const StreamModes = Schema.Union([StreamMode, Schema.Array(StreamMode)]).pipe(
  Schema.decodeTo(Schema.Array(StreamMode), {
    decode: SchemaGetter.transform((modes) => typeof modes === "string" ? [modes] : modes),
    encode: SchemaGetter.passthrough()
  })
)

/** A year, in seconds. */
const longestDelay = 365 * 24 * 60 * 60

const run = {
  assistant_id: Schema.NonEmptyString,
  input: given(Schema.Json, null),
  command: maybe(Schema.JsonObject),
  config: given(Configuration, {}),
  context: given(Schema.JsonObject, {}),
  metadata: given(Schema.JsonObject, {}),
  stream_mode: given(StreamModes, ["values"]),
  stream_subgraphs: given(Schema.Boolean, false),
  stream_resumable: given(Schema.Boolean, false),
  interrupt_before: maybe(Nodes),
  interrupt_after: maybe(Nodes),
  on_disconnect: given(Schema.Literals(["cancel", "continue"]), "continue"),
  after_seconds: maybe(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longestDelay }))),
  timeout: maybe(Schema.Finite.check(Schema.isGreaterThan(0))),
  webhook: maybe(Schema.String.check(Schema.makeFilter((text) => webhookProblem(text) ?? true)))
}

export const ThreadRun = Schema.Struct({
  ...run,
  checkpoint: maybe(Checkpoint),
  checkpoint_id: maybe(Schema.NonEmptyString),
  multitask_strategy: given(MultitaskStrategy, "reject"),
  if_not_exists: given(Schema.Literals(["create", "reject"]), "reject")
})
export type ThreadRun = typeof ThreadRun.Type

export const StatelessRun = Schema.Struct({
  ...run,
  on_completion: given(Schema.Literals(["delete", "keep"]), "delete")
})
export type StatelessRun = typeof StatelessRun.Type

/** A list in a query: repeated, or one JSON text as the SDK writes it. */
const listOf = <S extends Schema.Top>(item: S) =>
  Schema.Union([Schema.fromJsonString(Schema.Array(item)), Schema.Array(item), item])

export const RunList = {
  limit: limitText(10),
  offset: offsetText,
  status: maybe(RunStatus),
  select: maybe(listOf(Schema.String))
}

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
