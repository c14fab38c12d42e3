import { Data, Effect, Runtime } from "effect"
import type { Given } from "../../../scripts/replay/Replay.ts"

class NotHere extends Data.TaggedError("NotHere")<{}> {
  override readonly message = "The story of Session 72 is told from a checkout with its development dependencies (git \
clone, npm ci): it is no part of an image or of an installation without them"
}

/** The verdict is the last word. */
class Deviates extends Data.TaggedError("Deviates")<{}> {
  override readonly [Runtime.errorReported] = false
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"

/** Servers have neither the story nor what it is told with. */
const story = Effect.tryPromise({
  try: () => import("../../../scripts/replay/Replay.ts"),
  catch: (error) => error
}).pipe(Effect.catch((error) => isMissing(error) ? Effect.fail(new NotHere()) : Effect.die(error)))

/** The failure that Throughline was built against, where its story is. */
export const replay = Effect.fnUntraced(function*(given: Given) {
  const told = yield* story
  if (!(yield* told.replay(given))) return yield* new Deviates()
})
