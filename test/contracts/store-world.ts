import { Effect, Layer, Option, type Redacted } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { PgStore } from "../../src/adapters/postgres/PgStore.ts"
import { PgStoreMeanings } from "../../src/adapters/postgres/PgStoreMeanings.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { OrganizationId, type Role, UserId } from "../../src/domain/Principal.ts"
import type { StoreActor } from "../../src/domain/StoreScope.ts"
import { type EmbeddingModel, Embeddings } from "../../src/ports/Embeddings.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { Store, type StoreSearch } from "../../src/ports/Store.ts"
import { defaultStoreOptions, type StoreOptions, StoreSettings } from "../../src/ports/StoreSettings.ts"
import { freshDatabase } from "../support/TestDatabase.ts"

export interface StoreWorld {
  readonly ttl?: StoreOptions["ttl"]
  readonly model?: EmbeddingModel
}

const storeLayer = (url: Redacted.Redacted<string>, { model, ttl = defaultStoreOptions.ttl }: StoreWorld) =>
  Layer.mergeAll(PgStore, PgStoreMeanings).pipe(
    Layer.provide(Layer.succeed(StoreSettings, { ...defaultStoreOptions, ttl })),
    Layer.provide(Layer.succeed(Embeddings, Option.fromUndefinedOr(model))),
    Layer.provideMerge(PgStorage({ alsoMigrate: Effect.void })),
    Layer.provideMerge(databaseLayer({ url, poolSize: 5 }))
  )

export const withStoreAt = <A, E, R>(url: Redacted.Redacted<string>, work: Effect.Effect<A, E, R>, world: StoreWorld) =>
  Storage.pipe(
    Effect.flatMap(({ awaitReady }) => awaitReady),
    Effect.andThen(work),
    Effect.provide(storeLayer(url, world), { local: true })
  )

/** The store on a database of the test's own. */
export const withStore = <A, E, R>(work: Effect.Effect<A, E, R>, world: StoreWorld = {}) =>
  Effect.flatMap(freshDatabase, (url) => withStoreAt(url, work, world))

export const organizations = {
  nord: OrganizationId.make("11111111-1111-4111-a111-111111111111"),
  sued: OrganizationId.make("22222222-2222-4222-a222-222222222222")
}
const { nord, sued } = organizations

type In = Readonly<Partial<Record<keyof typeof organizations, Role>>>

/** A person who asks for themselves. */
export const asking = (name: string, memberships: In = {}): StoreActor => ({
  principal: {
    userId: UserId.make(name),
    memberships: [
      ...(memberships.nord === undefined ? [] : [{ organizationId: nord, role: memberships.nord }]),
      ...(memberships.sued === undefined ? [] : [{ organizationId: sued, role: memberships.sued }])
    ]
  },
  organization: null
})

/** A run of an organisation's agent for a person. */
export const running = ({ principal }: StoreActor, organization: OrganizationId): StoreActor => ({
  principal,
  organization
})

interface PutOptions {
  readonly index?: false | ReadonlyArray<string>
  readonly ttl?: number | null
}

export const putOf = (namespace: ReadonlyArray<string>, key: string, value: JsonObject, options: PutOptions = {}) => ({
  _tag: "Put" as const,
  namespace,
  key,
  value,
  index: options.index ?? null,
  ttl: options.ttl
})

export const put = (
  actor: StoreActor,
  namespace: ReadonlyArray<string>,
  key: string,
  value: JsonObject,
  options: PutOptions = {}
) => Effect.flatMap(Store, (store) => store.write([putOf(namespace, key, value, options)], actor))

export const remove = (actor: StoreActor, namespace: ReadonlyArray<string>, key: string) =>
  Effect.flatMap(Store, (store) => store.write([{ _tag: "Delete", namespace, key }], actor))

/** The value there, or nothing. */
export const valueAt = (actor: StoreActor, namespace: ReadonlyArray<string>, key: string) =>
  Effect.flatMap(Store, (store) => store.get({ namespace, key }, null, actor)).pipe(
    Effect.map((found) => Option.getOrUndefined(found)?.value)
  )

export const find = (actor: StoreActor, prefix: ReadonlyArray<string>, query: Partial<StoreSearch> = {}) =>
  Effect.flatMap(
    Store,
    (store) => store.search({ filter: {}, query: null, limit: 1000, offset: 0, refresh: null, ...query, prefix }, actor)
  )

export const keysOf = (actor: StoreActor, prefix: ReadonlyArray<string>, query: Partial<StoreSearch> = {}) =>
  Effect.map(find(actor, prefix, query), (items) => items.map(({ key }) => key))

interface Listing {
  readonly prefix?: ReadonlyArray<string>
  readonly suffix?: ReadonlyArray<string>
  readonly maxDepth?: number
  readonly limit?: number
  readonly offset?: number
}

export const listed = (
  actor: StoreActor,
  { limit = 1000, maxDepth, offset = 0, prefix = [], suffix = [] }: Listing = {}
) =>
  Effect.flatMap(
    Store,
    (store) => store.namespaces({ prefix, suffix, maxDepth: maxDepth ?? null, limit, offset }, actor)
  )
