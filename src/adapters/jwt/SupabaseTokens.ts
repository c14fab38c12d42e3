import { Cache, Clock, Duration, Effect, Exit, Layer, Option, Redacted, Schema } from "effect"
import { type CryptoKey, decodeProtectedHeader, errors, jwtVerify } from "jose"
import { UserId } from "../../domain/Principal.ts"
import { InvalidToken, TokenVerifier } from "../../ports/TokenVerifier.ts"
import { makeSigningKeys } from "./SigningKeys.ts"

export interface SupabaseTokensOptions {
  /** Where the project lives: its issuer and its signing keys follow from it. */
  readonly supabaseUrl: Option.Option<string>
  /** The legacy secret, for HS256 and for nothing else. */
  readonly jwtSecret: Option.Option<Redacted.Redacted<string>>
}

interface Trusted {
  readonly algorithm: "HS256" | "ES256" | "RS256"
  readonly key: CryptoKey | Uint8Array
}

const clockToleranceSeconds = 30

/** A page asks several times a second with the same token, and a signature takes a third of what an answer costs. */
const verifiedFor = Duration.seconds(10)
const verifiedAtATime = 1000

const Claims = Schema.Struct({
  sub: Schema.String.check(Schema.isGUID()),
  exp: Schema.Number,
  role: Schema.Literal("authenticated"),
  email: Schema.optionalKey(Schema.String)
})

const refuse = (reason: string) => Effect.fail(new InvalidToken({ reason }))

const malformed = "The token is not a valid JWT"
const badSignature = "The token's signature is not valid"

/** What went wrong, by the kind of error: jose's messages are not ours to promise that they hold no secret. */
const reasonOf = (error: unknown) => {
  if (error instanceof errors.JWTExpired) return "The token has expired"
  if (error instanceof errors.JWTClaimValidationFailed) return `The token's claim "${error.claim}" is not accepted`
  if (error instanceof errors.JWSSignatureVerificationFailed) return badSignature
  return malformed
}

const headerOf = (token: string) =>
  Effect.try({ try: () => decodeProtectedHeader(token), catch: () => new InvalidToken({ reason: malformed }) })

const make = Effect.fn("SupabaseTokens.make")(function*({ jwtSecret, supabaseUrl }: SupabaseTokensOptions) {
  const issuer = Option.map(supabaseUrl, (url) => `${url.replace(/\/+$/, "")}/auth/v1`)
  const signingKeys = Option.isSome(issuer)
    ? yield* makeSigningKeys(`${issuer.value}/.well-known/jwks.json`)
    : undefined
  const secret = Option.map(jwtSecret, (secret) => new TextEncoder().encode(Redacted.value(secret)))

  /** The key decides which algorithm may be used with it: a public key never serves as a secret. */
  const trusted = Effect.fnUntraced(function*({ alg, kid }: { readonly alg?: string; readonly kid?: string }) {
    if (alg === "HS256") {
      return Option.isSome(secret)
        ? { algorithm: alg, key: secret.value } satisfies Trusted
        : yield* refuse("Tokens signed with HS256 are not accepted here")
    }
    if (alg !== "ES256" && alg !== "RS256") return yield* refuse("The token's algorithm is not accepted")
    if (signingKeys === undefined) return yield* refuse(`Tokens signed with ${alg} are not accepted here`)
    const key = kid === undefined ? Option.none() : yield* signingKeys.find(kid)
    if (Option.isNone(key)) return yield* refuse("The token is signed with an unknown key")
    if (key.value.algorithm !== alg) return yield* refuse("The token's algorithm is not its key's")
    return key.value satisfies Trusted
  })

  const verify = Effect.fn("TokenVerifier.verify")(function*(token: string) {
    const { algorithm, key } = yield* trusted(yield* headerOf(token))
    const at = yield* Clock.currentTimeMillis
    const { payload } = yield* Effect.tryPromise({
      try: () =>
        jwtVerify(token, key, {
          algorithms: [algorithm],
          audience: "authenticated",
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(at),
          requiredClaims: ["sub", "exp"],
          ...(Option.isSome(issuer) && { issuer: issuer.value })
        }),
      catch: (error) => new InvalidToken({ reason: reasonOf(error) })
    })
    const { email, exp, sub } = yield* Schema.decodeUnknownEffect(Claims)(payload).pipe(
      Effect.mapError(() => new InvalidToken({ reason: "The token is not one of a signed-in user" }))
    )
    return { userId: UserId.make(sub.toLowerCase()), expiresAt: exp, ...(email !== undefined && { email }) }
  })

  const verified = yield* Cache.makeWith(
    (token: string) => Effect.zip(verify(token), Clock.currentTimeMillis),
    {
      capacity: verifiedAtATime,
      // No longer than it is valid; what was refused is looked at again.
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ([{ expiresAt }, at]) =>
          Duration.min(verifiedFor, Duration.millis((expiresAt + clockToleranceSeconds) * 1000 - at))
      })
    }
  )

  return TokenVerifier.of({
    verify: (token) => Effect.map(Cache.get(verified, Redacted.value(token)), ([who]) => who)
  })
})

/** Supabase's access tokens, checked without a call to Supabase. */
export const SupabaseTokens = {
  layer: (options: SupabaseTokensOptions) => Layer.effect(TokenVerifier, make(options))
}
