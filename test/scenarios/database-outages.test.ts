import { describe, test } from "vitest"
import { awayAndBack, awayAtTheStart, awayWhileARunIsUnderWay } from "./DatabaseOutages.ts"

describe("a database that is away", () => {
  test("at the start: the server is up, says so, and works when it comes", awayAtTheStart)
  test("later: requests are 503 and change nothing, then everything works again", awayAndBack)
  test("while a run is under way: the run waits for it, succeeds, and its thread goes on", awayWhileARunIsUnderWay)
})
