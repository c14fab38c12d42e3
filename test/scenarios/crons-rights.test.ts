import { play } from "../support/Scenarios.ts"
import { cronRights } from "./CronRights.ts"
import { memberships } from "./Membership.ts"

// On a clock that stands still: what is remembered of memberships never gets old.
const { swapped } = await memberships()
play("whose rights a cron's runs have", cronRights, { swapped })
