import { Option, Schema, SchemaGetter } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { isUuid } from "../../domain/AssistantId.ts"
import { CronId } from "../../domain/Cron.ts"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"

/** A key that may be left out or be null, which means the same: the SDK does either. */
export const maybe = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional(Option.filter((value) => value !== null)),
      encode: SchemaGetter.passthrough({ strict: false })
    })
  )

/** As `maybe`, with what stands in for it. */
export const given = <S extends Schema.Top>(schema: S, otherwise: S["Type"]) =>
  Schema.optionalKey(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(Schema.toType(schema), {
      decode: SchemaGetter.transformOptional((value) =>
        Option.some(Option.getOrElse(Option.filter(value, (value) => value !== null), () => otherwise))
      ),
      encode: SchemaGetter.passthrough({ strict: false })
    })
  )

const Uuid = Schema.String.check(Schema.makeFilter(isUuid, { expected: "a UUID" }))

/** UUIDs are compared in lower case, as Postgres writes them. */
const lowerCase = {
  decode: SchemaGetter.transform((text: string) => text.toLowerCase()),
  encode: SchemaGetter.passthrough<string>()
}

export const ThreadIdText = Uuid.pipe(Schema.decodeTo(ThreadId, lowerCase))
export const RunIdText = Uuid.pipe(Schema.decodeTo(RunId, lowerCase))
export const CronIdText = Uuid.pipe(Schema.decodeTo(CronId, lowerCase))

export const limitOf = (otherwise: number) =>
  given(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })), otherwise)
export const offset = given(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), 0)

export const SortOrder = Schema.Literals(["asc", "desc"])

/** A flag of a query: the SDK writes 1 and 0, people write true and false. */
export const Flag = Schema.Literals(["1", "0", "true", "false"]).pipe(
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((text) => text === "1" || text === "true"),
    encode: SchemaGetter.transform((flag) => flag ? "1" as const : "0" as const)
  })
)

/** A number of a query. */
export const limitText = (otherwise: number) =>
  given(Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 1000 })), otherwise)
export const offsetText = given(Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)), 0)

/** A list in a query: repeated, or one JSON text as the SDK writes it. */
export const listOf = <A extends string>(item: Schema.Codec<A, string>) =>
  Schema.Union([Schema.fromJsonString(Schema.Array(item)), Schema.Array(item), item]).pipe(
    Schema.decodeTo(Schema.Array(Schema.toType(item)), {
      decode: SchemaGetter.transform((asked) => typeof asked === "string" ? [asked] : asked),
      encode: SchemaGetter.passthrough()
    })
  )

/** A configuration as callers write it; keys that we do not know are kept as they are. */
export const Configuration = Schema.StructWithRest(
  Schema.Struct({
    configurable: maybe(Schema.JsonObject),
    tags: maybe(Schema.Array(Schema.String)),
    // Each step may ask a model with the operator's key: no run is to go on for ever.
    recursion_limit: maybe(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 })))
  }),
  [Schema.Record(Schema.String, Schema.Json)]
)

/** A body whose keys are all optional may be left out altogether. */
export const orNothing = <S extends Schema.Codec<unknown, unknown>>(body: S) =>
  [
    body,
    Schema.Null.pipe(Schema.decodeTo(Schema.toType(body), {
      decode: SchemaGetter.transform(() => Schema.decodeUnknownSync(body)({})),
      encode: SchemaGetter.forbidden(() => "Bodies are only received")
    }))
  ] as const

/** A stream of events, `text/event-stream`. */
export const Events = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/event-stream" }))
