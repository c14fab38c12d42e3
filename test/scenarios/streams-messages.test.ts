import { play } from "../support/Scenarios.ts"
import { messageForms } from "./MessageForms.ts"

play("messages as clients write them", messageForms)
