import { test } from "vitest"
import { play } from "../support/Scenarios.ts"
import { longUnreadable, unreadableTables } from "./UnreadableTables.ts"

play("agents' tables that can't be read", unreadableTables)

test("what was last seen serves for the time that is set, and is refused in words afterwards", () => longUnreadable())
