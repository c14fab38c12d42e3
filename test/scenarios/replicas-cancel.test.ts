import { playOnTwo } from "../support/ReplicaServers.ts"
import { cancelledElsewhere } from "./CancelledElsewhere.ts"
import { concurrentElsewhere } from "./ConcurrentElsewhere.ts"

playOnTwo("runs that another replica is asked to stop", { ...cancelledElsewhere, ...concurrentElsewhere })
