import { Effect, Layer, Option, Redacted } from "effect"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"
import { NoSecretsKey, SecretBox } from "../../ports/SecretBox.ts"

const prefix = "sealed:v1:"
const algorithm = "aes-256-gcm"
const ivBytes = 12
const tagBytes = 16

/** One key for this one purpose, of the right length whatever the operator wrote. */
const derive = (secret: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", "throughline/secrets/v1", 32))

const seal = (key: Buffer, secret: string): string => {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv)
  const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()])
  return prefix + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url")
}

const open = (key: Buffer, text: string): string => {
  const bytes = Buffer.from(text.slice(prefix.length), "base64url")
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
  return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString("utf8")
}

/** AES-256-GCM under a key derived from the operator's `SECRETS_KEY`. Without one nothing is sealed and nothing opens. */
export const layer = (secretsKey: Option.Option<Redacted.Redacted<string>>) =>
  Layer.sync(SecretBox, () => {
    const key = Option.map(secretsKey, (secret) => derive(Redacted.value(secret)))
    return SecretBox.of({
      seal: (secret) =>
        Option.match(key, {
          onNone: () => Effect.fail(new NoSecretsKey()),
          onSome: (key) => Effect.sync(() => seal(key, secret))
        }),
      open: (text) => {
        if (!text.startsWith(prefix)) return Effect.succeed(text)
        // Another key, or a text that was tampered with: either way there is no secret in it for us.
        return Effect.try(() => open(Option.getOrThrow(key), text)).pipe(Effect.orElseSucceed(() => null))
      }
    })
  })
