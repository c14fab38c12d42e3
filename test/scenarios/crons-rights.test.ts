import { play } from "../support/Scenarios.ts"
import { cronRights } from "./CronRights.ts"
import { memberships } from "./Membership.ts"

const { pass, swapped } = await memberships()
play("whose rights a cron's runs have", cronRights(pass), { swapped })
