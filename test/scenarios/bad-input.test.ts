import { play } from "../support/Scenarios.ts"
import { malformedRequests } from "./MalformedRequests.ts"
import { paging } from "./Paging.ts"
import { unusualRequests } from "./UnusualRequests.ts"

play("requests that make no sense", malformedRequests)
play("requests that are unusual", unusualRequests)
play("pages", paging)
