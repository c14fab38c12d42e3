import { Effect, Option, Redacted, Schema } from "effect"
import type { Assistant, AssistantConfig } from "../../domain/Assistant.ts"
import { type EffectiveConfig, wantsToken } from "../../domain/EffectiveConfig.ts"
import type { Json, JsonObject } from "../../domain/Json.ts"
import type { Run } from "../../domain/Run.ts"
import { keyOfPlace, mapSecrets, mask, maskSecrets, restoreSecrets, secretsOf } from "../../domain/Secrets.ts"
import { Assistants } from "../../ports/Assistants.ts"
import { Memberships } from "../../ports/Memberships.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { SecretBox } from "../../ports/SecretBox.ts"

/** What an assistant or a cron keeps locked. Only here: what a run brings itself is taken as it is, or it could open others'. */
export const unlocked = Effect.fnUntraced(function*(configurable: JsonObject) {
  const box = yield* SecretBox
  const secrets = new Map<string, Json>()
  for (const [place, secret] of secretsOf(configurable)) {
    secrets.set(place, typeof secret === "string" ? yield* box.open(secret) : secret)
  }
  return secrets
})

/** The configurations of assistant and run with their secrets in place; a run's mask stands for the assistant's. */
export const withSecrets = Effect.fnUntraced(function*(assistant: Assistant, config: AssistantConfig) {
  const { configurable = {} } = assistant.config
  const secrets = yield* unlocked(configurable)
  return {
    assistant: {
      ...assistant,
      config: { ...assistant.config, configurable: mapSecrets(configurable, (_, place) => secrets.get(place) ?? null) }
    },
    config: { ...config, configurable: restoreSecrets(config.configurable ?? {}, secrets) }
  }
})

/** Parts what may be kept from what stays in memory; the token only where somebody will ask for it. */
export const partSecrets = (configuration: EffectiveConfig, token: Redacted.Redacted<string> | null) => {
  const secrets = secretsOf(configuration.configurable)
  const credentials: RunCredentials = {
    token: wantsToken(configuration) ? token : null,
    secrets: Redacted.make(secrets)
  }
  return {
    credentials,
    /** Whether the run is better off where they are. */
    bound: credentials.token !== null || secrets.size > 0,
    pinned: { ...configuration, configurable: maskSecrets(configuration.configurable) }
  }
}

/** What was in the memory of a process that is gone. */
export class SecretsLost extends Schema.TaggedError<SecretsLost>()("SecretsLost", {}) {
  override get message() {
    return "The keys that came with this run were in the memory of a process that is gone. Send it again."
  }
}

/**
 * The credentials of a run whose own process is gone: without the caller's token, and with such secrets as its assistant
 * has. One that brought keys itself can't go on.
 */
export const recoveredCredentials = Effect.fnUntraced(function*(run: Run) {
  // What stands there in plain text is there: runs from before URLs were masked.
  const wanted = [...secretsOf(run.configuration.configurable)].flatMap(([place, value]) =>
    value === mask ? [place] : []
  )
  const secrets = new Map<string, Json>()
  const recovered = { token: null, secrets: Redacted.make(secrets) } satisfies RunCredentials
  if (wanted.length === 0) return recovered
  const assistant = yield* (yield* Assistants).find(run.assistant_id, yield* (yield* Memberships).principal(run.owner))
  const { configurable = {} } = Option.isSome(assistant) ? assistant.value.config : {}
  const found = yield* unlocked(configurable)
  for (const place of wanted) {
    const secret = run.configuration.origins[keyOfPlace(place)] === "assistant" ? found.get(place) : undefined
    if (secret === undefined) return yield* new SecretsLost()
    secrets.set(place, secret)
  }
  return recovered
})
