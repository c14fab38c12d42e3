import { ownGraphs } from "../support/OwnGraphs.ts"
import { playOnReplicas } from "../support/ReplicaServers.ts"
import { play } from "../support/Scenarios.ts"
import { ownComponents } from "./OwnComponents.ts"
import { pushedComponents } from "./PushedComponents.ts"

play("components that own graphs push", pushedComponents, ownGraphs)

playOnReplicas("components of a project elsewhere", ownComponents)
