import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { layer } from "../../src/adapters/secrets/AesSecretBox.ts"
import { SecretBox } from "../../src/ports/SecretBox.ts"

const box = (key: string | null) =>
  SecretBox.pipe(Effect.provide(layer(Option.map(Option.fromNullishOr(key), Redacted.make))))

describe("SecretBox", () => {
  it.effect("opens what it sealed, and shows nothing of it", () =>
    Effect.gen(function*() {
      const secrets = yield* box("operator's key")
      for (const secret of ["sk-live-12345", "", "ä\u0000ß🗝", "x".repeat(10_000)]) {
        const sealed = yield* secrets.seal(secret)
        assert.isTrue(sealed.startsWith("sealed:v1:"))
        if (secret !== "") assert.isFalse(sealed.includes(secret))
        assert.strictEqual(yield* secrets.open(sealed), secret)
      }
    }))

  it.effect("seals the same secret differently each time", () =>
    Effect.gen(function*() {
      const secrets = yield* box("operator's key")
      assert.notStrictEqual(yield* secrets.seal("same"), yield* secrets.seal("same"))
    }))

  it.effect("opens to null with another key, without a key, and after tampering", () =>
    Effect.gen(function*() {
      const secrets = yield* box("operator's key")
      const sealed = yield* secrets.seal("secret")
      // Not the last one, of which not every bit counts.
      const tampered = sealed.slice(0, 20) + (sealed.charAt(20) === "A" ? "B" : "A") + sealed.slice(21)
      assert.isNull(yield* (yield* box("another key")).open(sealed))
      assert.isNull(yield* (yield* box(null)).open(sealed))
      for (const broken of [tampered, "sealed:v1:", "sealed:v1:%%%", sealed.slice(0, 30)]) {
        assert.isNull(yield* secrets.open(broken))
      }
    }))

  it.effect("leaves text alone that was never sealed", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* box(null)).open("plain"), "plain")
    }))

  it.effect("refuses to seal without a key, and says what to set", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* box(null)).seal("secret"))
      assert.include(error.message, "SECRETS_KEY")
    }))
})
