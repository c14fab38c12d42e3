import { playOnReplicas } from "../support/ReplicaServers.ts"
import { stoppedReplicas } from "./StoppedReplicas.ts"

playOnReplicas("a replica that is stopped", stoppedReplicas)
