import { play } from "../support/Scenarios.ts"
import { disguises } from "./Disguises.ts"

play("things that look like what they are not", disguises, { generation: "v2" })
