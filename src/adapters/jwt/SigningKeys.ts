import { Clock, Effect, Fiber, Option, Ref, Schedule, Schema, Semaphore } from "effect"
import { type CryptoKey, importJWK } from "jose"

/** The algorithm belongs to the key, not to the token that claims to be signed with it. */
export interface SigningKey {
  readonly algorithm: "ES256" | "RS256"
  readonly key: CryptoKey
}

type KeysById = ReadonlyMap<string, SigningKey>

const Common = { kid: Schema.String, use: Schema.optionalKey(Schema.Literal("sig")) }

/** The public keys we can use; whatever else a key set holds is passed over. */
const PublicKey = Schema.Union([
  Schema.Struct({
    ...Common,
    kty: Schema.Literal("EC"),
    crv: Schema.Literal("P-256"),
    alg: Schema.optionalKey(Schema.Literal("ES256")),
    x: Schema.String,
    y: Schema.String
  }),
  Schema.Struct({
    ...Common,
    kty: Schema.Literal("RSA"),
    alg: Schema.optionalKey(Schema.Literal("RS256")),
    n: Schema.String,
    e: Schema.String
  })
])

const KeySet = Schema.Struct({ keys: Schema.Array(Schema.Unknown) })

const refreshEvery = "5 minutes"
const unreachableAfter = "5 seconds"
/** How often unknown key ids, which anybody can make up, may cause a request. */
const coolDownMillis = 30_000

const importKey = Effect.fnUntraced(function*(published: unknown) {
  const { alg, ...jwk } = yield* Schema.decodeUnknownEffect(PublicKey)(published)
  const algorithm = alg ?? (jwk.kty === "EC" ? "ES256" : "RS256")
  const key = yield* Effect.tryPromise(() => importJWK(jwk, algorithm))
  return key instanceof Uint8Array ? Option.none() : Option.some<[string, SigningKey]>([jwk.kid, { algorithm, key }])
}, Effect.orElseSucceed(() => Option.none()))

const fetchKeys = Effect.fn("SigningKeys.fetch")(function*(url: string) {
  const body = yield* Effect.tryPromise(async (signal) => {
    const response = await fetch(url, { signal, headers: { accept: "application/json" } })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    return response.json()
  }).pipe(Effect.timeout(unreachableAfter))
  const { keys } = yield* Schema.decodeUnknownEffect(KeySet)(body)
  const imported = yield* Effect.forEach(keys, importKey)
  return new Map(imported.flatMap(Option.toArray)) satisfies KeysById
})

/**
 * The project's signing keys, kept by id. They are fetched at the start and every few minutes, in the background;
 * a request waits for the network only when it names a key that is not there, and then seldom.
 */
export const makeSigningKeys = Effect.fn("SigningKeys.make")(function*(url: string) {
  const known = yield* Ref.make<KeysById>(new Map())
  const askedAt = yield* Ref.make(Option.none<number>())
  const oneAtATime = yield* Semaphore.make(1)
  const scope = yield* Effect.scope

  const refresh = fetchKeys(url).pipe(
    Effect.flatMap((keys) => Ref.set(known, keys)),
    // The keys we have stay good: a project that cannot be reached locks nobody out.
    Effect.catch((error) => Effect.logWarning("JWKS could not be fetched", error)),
    Effect.annotateLogs({ url })
  )

  const lookUp = (id: string) => Ref.get(known).pipe(Effect.map((keys) => Option.fromUndefinedOr(keys.get(id))))

  const askFor = Effect.fnUntraced(function*(id: string) {
    // Whoever waited here may find that another request, or the first fetch, has brought the key.
    const arrived = yield* lookUp(id)
    if (Option.isSome(arrived)) return arrived
    const now = yield* Clock.currentTimeMillis
    const last = yield* Ref.get(askedAt)
    if (Option.isSome(last) && now - last.value < coolDownMillis) return arrived
    yield* Ref.set(askedAt, Option.some(now))
    // Not on the asking fibre: a caller who hangs up must not leave the others a cool-down without keys.
    yield* Fiber.join(yield* Effect.forkIn(refresh, scope))
    return yield* lookUp(id)
  }, oneAtATime.withPermits(1))

  yield* oneAtATime.withPermits(1)(refresh).pipe(
    Effect.repeat(Schedule.jittered(Schedule.spaced(refreshEvery))),
    Effect.forkScoped
  )

  return {
    find: Effect.fnUntraced(function*(id: string) {
      const found = yield* lookUp(id)
      return Option.isSome(found) ? found : yield* askFor(id)
    })
  }
})
