import { playOnReplicas } from "../support/ReplicaServers.ts"
import { turnsAndHomes } from "./TurnsAndHomes.ts"

playOnReplicas("runs among replicas", turnsAndHomes)
