import { play } from "../support/Scenarios.ts"
import { doctorLeftovers } from "./DoctorLeftovers.ts"

play("what was left beside the agents", doctorLeftovers, { syncScope: "none", awaitSync: false })
