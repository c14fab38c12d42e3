import { play } from "../support/Scenarios.ts"
import { databaseCuts } from "./DatabaseCuts.ts"

play("a database that cuts connections", databaseCuts)
