import { Schema, SchemaGetter } from "effect"
import { wrongWithKey, wrongWithLabels, wrongWithNamespace, wrongWithValue } from "../../domain/StoreItem.ts"
import { Flag, given, limitOf, maybe, offset } from "./Schemas.ts"

const right = <A>(wrongWith: (value: A) => string | undefined) =>
  Schema.makeFilter((value: A) => wrongWith(value) ?? true)

const Labels = Schema.Array(Schema.String)
const Namespace = Labels.check(right(wrongWithNamespace))
const Prefix = Labels.check(right(wrongWithLabels))
const Key = Schema.String.check(right(wrongWithKey))
const Value = Schema.JsonObject.check(right(wrongWithValue))

/** The SDK writes a query's namespace with dots, which no label holds. */
const DottedNamespace = Schema.String.pipe(
  Schema.decodeTo(Namespace, {
    decode: SchemaGetter.transform((text: string) => text === "" ? [] : text.split(".")),
    encode: SchemaGetter.transform((labels: ReadonlyArray<string>) => labels.join("."))
  })
)

/** In minutes; a hundred years at most, which a date still has room for. */
const Minutes = Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(52_560_000))

export const NewItem = Schema.Struct({
  namespace: Namespace,
  key: Key,
  value: Value,
  index: maybe(Schema.Union([Schema.Literal(false), Schema.Array(Schema.String).check(Schema.isMaxLength(100))])),
  /** Null: it stays; absent: as configured. */
  ttl: Schema.optionalKey(Schema.NullOr(Minutes))
})

export const ItemQuery = { namespace: DottedNamespace, key: Key, refresh_ttl: maybe(Flag) }

export const ItemToDelete = Schema.Struct({ namespace: Namespace, key: Key })

export const ItemSearch = Schema.Struct({
  namespace_prefix: given(Prefix, []),
  filter: given(Schema.JsonObject, {}),
  query: maybe(Schema.String.check(Schema.isMaxLength(32_000))),
  limit: limitOf(10),
  offset,
  refresh_ttl: maybe(Schema.Boolean)
})

export const NamespaceSearch = Schema.Struct({
  prefix: given(Prefix, []),
  suffix: given(Prefix, []),
  // Deeper than any namespace is: a column's number still.
  max_depth: maybe(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  limit: limitOf(100),
  offset
})
