import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { exportSPKI, importJWK } from "jose"
import { demoSecret, mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { people } from "../../src/adapters/demo/World.ts"
import { SupabaseTokens } from "../../src/adapters/jwt/SupabaseTokens.ts"
import { TokenVerifier } from "../../src/ports/TokenVerifier.ts"
import { hs256, signingKey, supabaseProject } from "../support/Tokens.ts"

const secret = "a legacy secret of at least thirty-two characters"

const verifier = (options: { readonly supabaseUrl?: string; readonly jwtSecret?: string }) =>
  Layer.build(SupabaseTokens.layer({
    supabaseUrl: Option.fromUndefinedOr(options.supabaseUrl),
    jwtSecret: Option.map(Option.fromUndefinedOr(options.jwtSecret), (secret) => Redacted.make(secret))
  })).pipe(Effect.map((context) => Context.get(context, TokenVerifier)))

/** Runs on the real time of day, which the tokens carry, with sleeps under the test's command. */
const today = TestClock.setTime(Date.now())

const refusal = (tokens: TokenVerifier["Service"], token: Redacted.Redacted<string>) =>
  tokens.verify(token).pipe(
    Effect.flip,
    Effect.tap(({ reason }) => Effect.sync(() => assert.notInclude(reason, Redacted.value(token)))),
    Effect.map(({ reason }) => reason)
  )

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

describe("a token signed with the legacy secret", () => {
  it.live("names its bearer", () =>
    Effect.gen(function*() {
      const tokens = yield* verifier({ jwtSecret: secret })
      const exp = inSeconds(60)
      const token = yield* hs256(secret, { email: "anna@example.com", exp, sub: people.member.toUpperCase() })
      assert.deepEqual(yield* tokens.verify(token), {
        userId: people.member,
        email: "anna@example.com",
        expiresAt: exp
      })
      const demo = yield* demoSecret
      const mine = yield* mintToken({ secret: demo, userId: people.admin })
      assert.strictEqual(
        (yield* (yield* verifier({ jwtSecret: Redacted.value(demo) })).verify(mine)).userId,
        people.admin
      )
    }))

  it.live("is refused unless every claim is right", () =>
    Effect.gen(function*() {
      const { issuer: iss, url } = yield* supabaseProject()
      const tokens = yield* verifier({ supabaseUrl: url, jwtSecret: secret })
      assert.strictEqual((yield* tokens.verify(yield* hs256(secret, { iss }))).userId, people.member)
      assert.strictEqual(
        (yield* tokens.verify(yield* hs256(secret, { iss, exp: inSeconds(-20) }))).userId,
        people.member
      )
      assert.strictEqual(
        (yield* tokens.verify(yield* hs256(secret, { iss, nbf: inSeconds(20) }))).userId,
        people.member
      )
      const wrong = {
        "claim \"iss\"": [{}, { iss: "https://elsewhere.supabase.co/auth/v1" }],
        "claim \"aud\"": [{ iss, aud: "anon" }, { iss, aud: undefined }],
        "claim \"nbf\"": [{ iss, nbf: inSeconds(60) }],
        "claim \"exp\"": [{ iss, exp: undefined }],
        "claim \"sub\"": [{ iss, sub: undefined }],
        "expired": [{ iss, exp: inSeconds(-60) }],
        "signed-in user": [{ iss, role: "anon" }, { iss, role: "service_role" }, { iss, role: undefined }, {
          iss,
          sub: ""
        }, {
          iss,
          sub: "admin"
        }]
      }
      for (const [reason, claims] of Object.entries(wrong)) {
        for (const claim of claims) assert.include(yield* refusal(tokens, yield* hs256(secret, claim)), reason)
      }
      assert.include(yield* refusal(tokens, yield* hs256(`${secret}!`, { iss })), "signature")
    }))

  it.live("is refused where there is no such secret, and so is what is no token", () =>
    Effect.gen(function*() {
      const without = yield* verifier({})
      assert.include(yield* refusal(without, yield* hs256(secret)), "HS256")
      const tokens = yield* verifier({ jwtSecret: secret })
      const [header, claims] = Redacted.value(yield* hs256(secret)).split(".")
      const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url")
      const garbage = ["garbage", "a.b.c", "..", `${header}.${claims}`, `${header}.${claims}.`, `${none}.${claims}.`]
      for (const token of garbage) assert.isNotEmpty(yield* refusal(tokens, Redacted.make(token)))
    }))
})

describe("a token signed with one of the project's keys", () => {
  it.effect("is verified without the network, once the keys are there", () =>
    Effect.gen(function*() {
      yield* today
      const ec = yield* signingKey("ec")
      const rsa = yield* signingKey("rsa", "RS256")
      const project = yield* supabaseProject(ec.jwk, rsa.jwk, { kty: "OKP", kid: "unusable" })
      const tokens = yield* verifier({ supabaseUrl: `${project.url}/` })
      const signed = yield* Effect.all([ec.sign({ iss: project.issuer }), rsa.sign({ iss: project.issuer })])
      yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.forEach(signed, tokens.verify), {
        concurrency: 20
      })
      assert.strictEqual(project.requests, 1)
      assert.include(yield* refusal(tokens, yield* ec.sign({ iss: "https://elsewhere" })), "iss")
    }))

  it.effect("follows a rotation: at once for a new key, and within minutes for one that was withdrawn", () =>
    Effect.gen(function*() {
      yield* today
      const [before, after] = yield* Effect.all([signingKey("before"), signingKey("after")])
      const project = yield* supabaseProject(before.jwk)
      const tokens = yield* verifier({ supabaseUrl: project.url })
      const old = yield* before.sign({ iss: project.issuer })
      yield* tokens.verify(old)
      project.keys = [before.jwk, after.jwk]
      yield* tokens.verify(yield* after.sign({ iss: project.issuer }))
      yield* tokens.verify(old)
      project.keys = [after.jwk]
      // In small steps: the refresh that comes in between takes real time, and has five of the clock's seconds for it.
      yield* TestClock.adjust("3 minutes")
      while (Exit.isSuccess(yield* Effect.exit(tokens.verify(old)))) {
        yield* TestClock.adjust("500 millis")
        yield* TestClock.withLive(Effect.sleep("1 millis"))
      }
      assert.include(yield* refusal(tokens, old), "unknown key")
    }))

  it.effect("with an unknown key costs one request in half a minute, however many come", () =>
    Effect.gen(function*() {
      yield* today
      const [known, unknown] = yield* Effect.all([signingKey("known"), signingKey("unknown")])
      const project = yield* supabaseProject(known.jwk)
      const tokens = yield* verifier({ supabaseUrl: project.url })
      yield* tokens.verify(yield* known.sign({ iss: project.issuer }))
      const stranger = yield* unknown.sign({ iss: project.issuer })
      yield* Effect.forEach(Array.from({ length: 50 }), () => refusal(tokens, stranger), { concurrency: 10 })
      assert.strictEqual(project.requests, 2)
      yield* TestClock.adjust(Duration.seconds(31))
      assert.include(yield* refusal(tokens, stranger), "unknown key")
      assert.strictEqual(project.requests, 3)
    }))

  it.effect("still counts while the project cannot be reached", () =>
    Effect.gen(function*() {
      yield* today
      const key = yield* signingKey("key")
      const project = yield* supabaseProject(key.jwk)
      const tokens = yield* verifier({ supabaseUrl: project.url })
      const token = yield* key.sign({ iss: project.issuer })
      yield* tokens.verify(token)
      project.status = 503
      yield* refusal(tokens, yield* key.sign({ iss: project.issuer }, { kid: "other" }))
      yield* tokens.verify(token)
    }))

  it.live("cannot choose how it is verified", () =>
    Effect.gen(function*() {
      const ec = yield* signingKey("ec")
      const rsa = yield* signingKey("rsa", "RS256")
      const project = yield* supabaseProject(ec.jwk, rsa.jwk)
      const tokens = yield* verifier({ supabaseUrl: project.url, jwtSecret: secret })
      const iss = project.issuer
      const publicKey = yield* Effect.promise(async () => {
        const key = await importJWK(rsa.jwk, "RS256")
        return key instanceof Uint8Array ? "" : exportSPKI(key)
      })
      assert.include(yield* refusal(tokens, yield* hs256(publicKey, { iss })), "signature")
      assert.include(yield* refusal(tokens, yield* ec.sign({ iss }, { kid: "rsa" })), "algorithm")
      const impostor = yield* signingKey("ec")
      assert.include(yield* refusal(tokens, yield* impostor.sign({ iss })), "signature")
    }))
})
