import { ownGraphs } from "../support/OwnGraphs.ts"
import { play } from "../support/Scenarios.ts"
import { store } from "./Store.ts"

play("what people and graphs keep", store, ownGraphs)
