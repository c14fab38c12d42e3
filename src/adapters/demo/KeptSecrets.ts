import { Effect, Option, Redacted, Schema } from "effect"
import { open, readFile, rename } from "node:fs/promises"
import { join } from "node:path"
import { demoSecret } from "./DemoTokens.ts"

export class KeptSecretsError extends Schema.TaggedError<KeptSecretsError>()("KeptSecretsError", {
  message: Schema.String
}) {}

/** What people's tokens are signed with, and what they leave in assistants of their own is sealed with. */
const Secrets = Schema.Struct({
  jwtSecret: Schema.RedactedFromValue(Schema.String),
  secretsKey: Schema.RedactedFromValue(Schema.String)
})

const SecretsFile = Schema.fromJsonString(Secrets)

const decode = Schema.decodeUnknownEffect(SecretsFile)

const unusable = (file: string, why: string) =>
  new KeptSecretsError({ message: `The demo's secrets in ${file} ${why}` })

const attempt = <A>(file: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: evaluate,
    catch: (cause) => unusable(file, `can't be kept: ${cause instanceof Error ? cause.message : cause}`)
  })

/** For our eyes only, and on the disk before anything is signed with them. */
const write = async (file: string, text: string) => {
  const draft = `${file}.${process.pid}`
  const handle = await open(draft, "w", 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT"

const read = (file: string) =>
  attempt(file, () =>
    readFile(file, "utf8").catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    }))

const fileIn = (folder: string) => join(folder, "secrets.json")

/** The demo's secrets, if one has ever been started in this folder. */
export const existingSecrets = Effect.fn("KeptSecrets.existing")(function*(folder: string) {
  const file = fileIn(folder)
  const kept = yield* read(file)
  if (kept === undefined) return Option.none()
  // What is wrong with the text is not said: the words would quote it.
  return Option.some(
    yield* Effect.mapError(decode(kept), () => unusable(file, "can't be read: remove the file to make new ones"))
  )
})

/** The demo's secrets: made by the first start in a folder, found there by those that follow. */
export const keptSecrets = Effect.fn("KeptSecrets")(function*(folder: string) {
  const file = fileIn(folder)
  const existing = yield* existingSecrets(folder)
  if (Option.isSome(existing)) return existing.value
  const secrets = { jwtSecret: yield* demoSecret, secretsKey: yield* demoSecret }
  const text = JSON.stringify({
    jwtSecret: Redacted.value(secrets.jwtSecret),
    secretsKey: Redacted.value(secrets.secretsKey)
  })
  yield* attempt(file, () => write(file, text))
  return secrets
})
