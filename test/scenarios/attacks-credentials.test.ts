import { play } from "../support/Scenarios.ts"
import { allowLocalhost } from "./CallersEndpoints.ts"
import { repeatedCredentials } from "./RepeatedCredentials.ts"

play("credentials that are repeated", repeatedCredentials, { env: allowLocalhost })
