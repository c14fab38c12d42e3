import { playOnReplicas } from "../support/ReplicaServers.ts"
import { ownProjects } from "./OwnProjects.ts"

playOnReplicas("own graphs of a project elsewhere", ownProjects)
