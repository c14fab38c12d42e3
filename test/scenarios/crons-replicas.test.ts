import { playOnReplicas } from "../support/ReplicaServers.ts"
import { cronReplicas } from "./CronReplicas.ts"

playOnReplicas("crons of several servers", cronReplicas)
