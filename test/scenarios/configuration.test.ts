import { play } from "../support/Scenarios.ts"
import { allowLocalhost, callersEndpoints } from "./CallersEndpoints.ts"
import { effectiveConfiguration } from "./EffectiveConfiguration.ts"
import { everyWayIn } from "./EveryWayIn.ts"
import { hiddenInUrls } from "./HiddenInUrls.ts"
import { lockedAndPinned, overridden } from "./LockedKeys.ts"
import { samplingParameters } from "./SamplingParameters.ts"
import { nothingToLockThemWith, writeOnlySecrets } from "./WriteOnlySecrets.ts"

for (const generation of ["v1", "v2"] as const) {
  play(`what a run runs with, on the ${generation} tables`, { ...effectiveConfiguration, ...everyWayIn }, {
    generation
  })
}
play("what the model samples with", samplingParameters, { generation: "v2" })
play("what a run may set", lockedAndPinned)
play("where a caller's key goes", callersEndpoints, { env: allowLocalhost })
play("secrets of assistants", writeOnlySecrets)
play("what a URL hides", hiddenInUrls, { env: allowLocalhost })
play("no SECRETS_KEY", { "a secret is refused, and can come with a run": nothingToLockThemWith }, {
  env: { SECRETS_KEY: "" }
})
play("RUN_OVERRIDES=none", { "a run sets nothing on a synced agent": overridden([], /RUN_OVERRIDES=none/) }, {
  env: { RUN_OVERRIDES: "none" }
})
play("RUN_OVERRIDES=temperature, seed", {
  "a run sets these on a synced agent": overridden(["temperature", "seed"], /RUN_OVERRIDES/)
}, { env: { RUN_OVERRIDES: "temperature, seed" } })
