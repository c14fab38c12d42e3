import { play } from "../support/Scenarios.ts"
import { doctorFaults } from "./DoctorFaults.ts"

play("a doctor", doctorFaults, { generation: "v2", syncScope: "none", awaitSync: false })
