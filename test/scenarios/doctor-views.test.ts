import { play } from "../support/Scenarios.ts"
import { doctorViews } from "./DoctorViews.ts"

play("a doctor's findings", doctorViews, { generation: "v2", syncScope: "none", awaitSync: false })
