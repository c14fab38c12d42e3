import { Schema, SchemaGetter } from "effect"
import { MultitaskStrategy, RunStatus, StreamMode } from "../../domain/Run.ts"
import { Configuration, Flag, given, limitText, maybe, offsetText, unsupported } from "./Schemas.ts"
import { Checkpoint } from "./ThreadRequests.ts"

const Nodes = Schema.Union([Schema.Literal("*"), Schema.Array(Schema.String)])

const StreamModes = Schema.Union([StreamMode, Schema.Array(StreamMode)]).pipe(
  Schema.decodeTo(Schema.Array(StreamMode), {
    decode: SchemaGetter.transform((modes) => typeof modes === "string" ? [modes] : modes),
    encode: SchemaGetter.passthrough()
  })
)

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
  after_seconds: maybe(
    Schema.Number.check(Schema.makeFilter((seconds) => seconds <= 0 || "after_seconds is not supported"))
  ),
  webhook: unsupported("webhook")
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

export const Cancel = {
  wait: given(Flag, false),
  action: given(Schema.Literals(["interrupt", "rollback"]), "interrupt")
}
