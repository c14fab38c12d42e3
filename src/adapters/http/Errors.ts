import { Data, Schema, SchemaGetter } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { TooManyToLookThrough } from "../../app/usecases/SearchThreads.ts"
import { AgentUnresolved } from "../../domain/AgentAssistant.ts"
import {
  AssistantExists,
  AssistantNotFound,
  AssistantReadOnly,
  AssistantVersionNotFound,
  UnknownGraph
} from "../../domain/Assistant.ts"
import { CronNotFound, TooManyCrons } from "../../domain/Cron.ts"
import { UnusableSchedule } from "../../domain/CronSchedule.ts"
import { RunNotFound, RunStillActive, ThreadBusy, TooManyRuns } from "../../domain/Run.ts"
import { NothingToResume } from "../../domain/RunRequest.ts"
import { AgentsUnreadable } from "../../domain/Staleness.ts"
import { InvalidStoreItem } from "../../domain/StoreItem.ts"
import { StoreReadOnly } from "../../domain/StoreScope.ts"
import { CheckpointNotFound, ThreadExists, ThreadHasNoGraph, ThreadNotFound } from "../../domain/Thread.ts"
import { InvalidStateUpdate } from "../../ports/AgentGraphs.ts"
import { EmbeddingFailed } from "../../ports/Embeddings.ts"
import { ComponentsNotFound } from "../../ports/GraphComponents.ts"
import { OutboundRefused } from "../../ports/Outbound.ts"
import { NoSecretsKey } from "../../ports/SecretBox.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"

export class Unauthorized extends Data.TaggedError("Unauthorized")<{ readonly message: string }> {}

export class MalformedBody extends Data.TaggedError("MalformedBody")<{ readonly message: string }> {}

export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly message: string }> {}

export class NotJson extends Data.TaggedError("NotJson")<{ readonly message: string }> {}

/** A route of the demo's, asked of a server that is none: it says what a route says that is not there. */
export class NoDemo extends Data.TaggedError("NoDemo")<{}> {
  override readonly message = "Not Found"
}

export class ComponentFileNotFound extends Data.TaggedError("ComponentFileNotFound")<{}> {
  override readonly message = "File not found"
}

/** What is wrong with a request, and where: FastAPI's shape, which clients of the reference server know. */
export const Problem = Schema.Struct({
  loc: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
  msg: Schema.String,
  type: Schema.String
})
export type Problem = typeof Problem.Type

export class InvalidRequest extends Data.TaggedError("InvalidRequest")<{ readonly problems: ReadonlyArray<Problem> }> {}

/** An error's answer: its status, and what it says as `detail`. Nothing else of it goes out. */
const answer = <E, Body extends Schema.Top>(
  status: number,
  type: abstract new(...args: never) => E,
  body: Body,
  tell: (error: E) => Body["Type"]
) =>
  body.pipe(
    Schema.decodeTo(Schema.declare((error): error is E => error instanceof type), {
      decode: SchemaGetter.forbidden(() => "Errors are only sent"),
      encode: SchemaGetter.transform(tell)
    }),
    HttpApiSchema.status(status)
  )

const Failure = Schema.Struct({ detail: Schema.String }).annotate({ identifier: "Failure" })
const Problems = Schema.Struct({ detail: Schema.Array(Problem) }).annotate({ identifier: "Problems" })

const says = <E extends Error>(status: number, type: abstract new(...args: never) => E) =>
  answer(status, type, Failure, ({ message }) => ({ detail: message }))

export const unauthorized = [says(401, Unauthorized), says(503, AgentsUnreadable), says(503, StorageUnavailable)]

export const demoOnly = says(404, NoDemo)

/** Which status each failure answers with. There is no other place that says so. */
export const failures = [
  says(400, MalformedBody),
  says(403, AssistantReadOnly),
  says(403, StoreReadOnly),
  says(404, AssistantNotFound),
  says(404, AssistantVersionNotFound),
  says(404, ThreadNotFound),
  says(404, RunNotFound),
  says(404, CheckpointNotFound),
  says(404, CronNotFound),
  says(404, ComponentsNotFound),
  says(404, ComponentFileNotFound),
  says(409, AssistantExists),
  says(409, ThreadExists),
  says(409, ThreadBusy),
  says(409, RunStillActive),
  says(409, NothingToResume),
  says(409, ThreadHasNoGraph),
  says(413, BodyTooLarge),
  says(415, NotJson),
  answer(422, InvalidRequest, Problems, ({ problems }) => ({ detail: problems })),
  says(422, InvalidStoreItem),
  answer(422, UnusableSchedule, Problems, ({ field, why }) => ({
    detail: [{ loc: ["body", field], msg: why, type: "value_error" }]
  })),
  says(422, TooManyCrons),
  says(422, UnknownGraph),
  says(422, InvalidStateUpdate),
  says(422, TooManyToLookThrough),
  says(422, AgentUnresolved),
  says(422, NoSecretsKey),
  says(422, OutboundRefused),
  says(429, TooManyRuns),
  says(503, AgentsUnreadable),
  says(503, EmbeddingFailed),
  says(503, StorageUnavailable)
]
