import { playOnReplicas } from "../support/ReplicaServers.ts"
import { lostSubruns } from "./LostSubruns.ts"

playOnReplicas("agents that are called by a run whose replica goes", lostSubruns)
