import { Effect, Redacted } from "effect"
import type { Assistant, AssistantConfig } from "../../domain/Assistant.ts"
import type { EffectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { Json, JsonObject } from "../../domain/Json.ts"
import { mapSecrets, maskSecrets, restoreSecrets, secretsOf } from "../../domain/Secrets.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { SecretBox } from "../../ports/SecretBox.ts"

/** An assistant's secrets, unlocked. Only here: what a run brings itself is taken as it is, or it could open others'. */
const unlocked = Effect.fnUntraced(function*(configurable: JsonObject) {
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

/** Parts what may be kept from what stays in memory. */
export const partSecrets = (configuration: EffectiveConfig, token: Redacted.Redacted<string>) => {
  const credentials: RunCredentials = { token, secrets: Redacted.make(secretsOf(configuration.configurable)) }
  return {
    credentials,
    pinned: { ...configuration, configurable: maskSecrets(configuration.configurable) }
  }
}
