import type { PgClient } from "@effect/sql-pg"
import { Array, Effect, Metric, Option, Schema } from "effect"
import type { AssistantId } from "../../domain/Assistant.ts"
import { type RunClaim, RunOvertaken } from "../../domain/Run.ts"
import { InvalidStoreItem, wrongWithKey, wrongWithNamespace, wrongWithValue } from "../../domain/StoreItem.ts"
import { markOf, placeOf, refusedWrite, type StoreActor, type StorePlace } from "../../domain/StoreScope.ts"
import type { StoreWrite, StoreWriter } from "../../ports/Store.ts"
import type { StoreOptions } from "../../ports/StoreSettings.ts"
import { alive, owned } from "./StoreRows.ts"
import { type Meaning, meaningsOf, type StoreVectors, type VectorIndex } from "./StoreVectors.ts"
import { decodeRows, jsonb } from "./Values.ts"

type Put = Extract<StoreWrite, { readonly _tag: "Put" }>
type Known = Exclude<StorePlace, { readonly _tag: "Unclear" }>

/** A write of which it is clear where it goes, and that it may. */
interface Placed {
  readonly write: StoreWrite
  readonly place: Known
}

const fenced = Metric.withAttributes(
  Metric.counter("throughline_fenced_writes_total", {
    description: "Writes of overtaken claims, which were void",
    incremental: true
  }),
  { what: "store" }
)

/** In one order for all, so that none waits for what another holds; of two writes to one place the last stays last. */
const inOrder = (writes: ReadonlyArray<StoreWrite>): ReadonlyArray<StoreWrite> => {
  const place = ({ key, namespace }: StoreWrite) => JSON.stringify([namespace, key])
  return writes.toSorted((one, other) => place(one) < place(other) ? -1 : place(one) > place(other) ? 1 : 0)
}

const decodeIds = decodeRows(Schema.Struct({ id: Schema.String }))

const aboutNothing: Meaning = { fields: null, vectors: [] }

export const invalid = (reason: string) => new InvalidStoreItem({ reason })

export const nameOrganization =
  `You belong to several organisations: say which one's, ["shared", "<organisation id>", …]`

/** Read back by its shorter name, such an item would be another. */
const namedTwice = (place: Known): boolean => place._tag === "Shared" && place.category[0] === place.organization

const wrongWith = (write: StoreWrite): string | undefined =>
  wrongWithNamespace(write.namespace) ?? wrongWithKey(write.key)
    ?? (write._tag === "Put" ? wrongWithValue(write.value) : undefined)

const placed = (actor: StoreActor) =>
  Effect.fnUntraced(function*(write: StoreWrite) {
    const wrong = wrongWith(write)
    if (wrong !== undefined) return yield* invalid(wrong)
    const place = placeOf(actor, write.namespace)
    const refused = refusedWrite(actor, place)
    if (refused !== undefined) return yield* refused
    if (place._tag === "Unclear") return yield* invalid(nameOrganization)
    if (namedTwice(place)) return yield* invalid("The namespace names its organisation twice")
    return { write, place } satisfies Placed
  })

/** Writing items, by an actor who may: several of them together, and for a run only as long as the run is its own. */
export const storeWrites = (sql: PgClient.PgClient, vectors: StoreVectors, { ttl }: StoreOptions) => {
  /** Held to the end of the transaction: the next claim waits for us, or we find what it has made of the row. */
  const hold = (claim: RunClaim) =>
    sql`
      select r.id
      from langgraph_server.runs r
      where r.id = ${claim.run_id} and r.attempt = ${claim.attempt} and r.status = 'running'
      for share`.pipe(
      Effect.flatMap((found) =>
        found.length > 0
          ? Effect.void
          : Effect.andThen(Metric.update(fenced, 1), Effect.fail(new RunOvertaken({ run: claim.run_id })))
      )
    )

  const at = (actor: StoreActor, place: Known, key: string) =>
    place._tag === "Own"
      ? sql`${owned(sql, actor)} and i.namespace = ${place.category}::text[] and i.key = ${key}`
      : sql`i.user_id is null and i.organization_id = ${place.organization}
          and i.namespace = ${place.category}::text[] and i.key = ${key}`

  /**
   * A person's own item is changed where it is: marked with the organisation whose agent wrote it, if one did. A run of
   * an organisation's agent writes under its own mark, so that no other organisation's agent comes across it.
   */
  const marked = (actor: StoreActor, place: Known, key: string) => {
    if (place._tag === "Shared") return sql`${place.organization}::text`
    const mark = markOf(actor)
    return mark === null
      ? sql`(
          select i.organization_id
          from langgraph_server.store i
          where ${at(actor, place, key)} and ${alive(sql)}
          order by i.updated_at desc, i.id
          limit 1
        )`
      : sql`${mark}::text`
  }

  const put = Effect.fnUntraced(function*(write: Put, place: Known, actor: StoreActor, assistant: AssistantId | null) {
    const minutes = write.ttl === undefined ? ttl.default_ttl : write.ttl
    const own = place._tag === "Own"
    const conflict = own
      ? sql`(user_id, coalesce(organization_id, ''), namespace, key) where user_id is not null`
      : sql`(organization_id, namespace, key) where user_id is null`
    const [row] = yield* decodeIds(sql`
      insert into langgraph_server.store as old
        (user_id, organization_id, assistant_id, namespace, key, value, ttl_minutes, expires_at)
      values (
        ${own ? actor.principal.userId : null}::text, ${marked(actor, place, write.key)},
        ${assistant}::text, ${place.category}::text[], ${write.key}, ${jsonb(sql, write.value)},
        ${minutes}::double precision,
        clock_timestamp() + make_interval(secs => ${minutes}::double precision * 60)
      )
      on conflict ${conflict} do update set
        value = excluded.value,
        assistant_id = excluded.assistant_id,
        ttl_minutes = excluded.ttl_minutes,
        expires_at = excluded.expires_at,
        created_at = case when old.expires_at <= clock_timestamp() then excluded.created_at else old.created_at end,
        updated_at = clock_timestamp()
      returning id`)
    return row === undefined ? yield* Effect.die("A put returned no row") : row.id
  })

  const remove = (key: string, place: Known, actor: StoreActor) =>
    sql`delete from langgraph_server.store i where ${at(actor, place, key)}`

  /** What each put is about, asked for before anything is locked. */
  const embed = ({ model }: VectorIndex, puts: ReadonlyArray<Put>) =>
    Effect.map(
      meaningsOf(model, puts.map(({ index, value }) => ({ value, fields: index }))),
      (meanings) => new Map(Array.zip(puts, meanings))
    )

  /** All of them in one transaction, in which something may be held. */
  const write = Effect.fnUntraced(function*<E, R>(
    writes: ReadonlyArray<StoreWrite>,
    actor: StoreActor,
    assistant: AssistantId | null,
    held: Effect.Effect<unknown, E, R>
  ) {
    const all = yield* Effect.forEach(inOrder(writes), placed(actor))
    const puts = writes.filter((write) => write._tag === "Put")
    const index = puts.length === 0 ? Option.none() : yield* vectors.index
    const meanings = Option.isNone(index) ? new Map<Put, Meaning>() : yield* embed(index.value, puts)
    yield* Effect.gen(function*() {
      yield* held
      for (const { place, write } of all) {
        if (write._tag === "Delete") {
          yield* remove(write.key, place, actor)
          continue
        }
        const item = yield* put(write, place, actor, assistant)
        if (Option.isSome(index)) yield* index.value.replace(item, meanings.get(write) ?? aboutNothing)
      }
    }).pipe(sql.withTransaction)
  })

  return {
    write: (writes: ReadonlyArray<StoreWrite>, actor: StoreActor) => write(writes, actor, null, Effect.void),
    writeInRun: (writes: ReadonlyArray<StoreWrite>, actor: StoreActor, { assistant, claim }: StoreWriter) =>
      write(writes, actor, assistant, hold(claim))
  }
}
