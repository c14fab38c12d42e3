import { afterAll } from "vitest"
import { startEchoingProvider } from "../support/EchoingProvider.ts"
import { play } from "../support/Scenarios.ts"
import { noCredentialAnywhere, tellTale } from "./Canary.ts"

const echo = await startEchoingProvider()
afterAll(echo.close)

for (const generation of ["v1", "v2"] as const) {
  play(`canaries, on the ${generation} tables`, {
    "no credential is in a row, a log line or an answer": noCredentialAnywhere(echo)
  }, { generation, env: tellTale(echo) })
}
