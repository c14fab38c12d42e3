import { playOnTwo } from "../support/ReplicaServers.ts"
import { followedLists } from "./FollowedLists.ts"

playOnTwo("lists that follow", followedLists, { env: { AGENT_COMPARE_SECONDS: "2" } })
