import { playOnReplicas } from "../support/ReplicaServers.ts"
import { frozenReplicas } from "./FrozenReplicas.ts"
import { poisonousRuns } from "./PoisonousRuns.ts"

playOnReplicas("a replica that is lost again and again, or comes back", { ...poisonousRuns, ...frozenReplicas })
