import { play } from "../support/Scenarios.ts"
import { wireShapes } from "./WireShapes.ts"

play("answers as clients read them", wireShapes)
