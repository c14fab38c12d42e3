import { test } from "vitest"
import { readersMove, undoneRuns } from "./ProtocolReplicas.ts"

test("a thread's events are the same on every replica, and after a restart", () => readersMove())
test("a run that is undone is told no more, and nothing else by its numbers", () => undoneRuns())
