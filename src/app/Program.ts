import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Effect, Exit, Runtime } from "effect"

/** A failure that a person can mend is one line on stderr; anything else comes with its stack. */
const explain = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    const error = Cause.squash(cause)
    if (!Runtime.getErrorReported(error)) return
    const expected = !Cause.hasDies(cause) && error instanceof Error
    process.stderr.write(`throughline: ${expected ? error.message : Cause.pretty(cause)}\n`)
  })

/**
 * Runs an entry point: stopping it by Ctrl-C or SIGTERM is a success once everything is down; a failure exits with 1, or
 * with the code that its error carries.
 */
export const runProgram = <A, E>(program: Effect.Effect<A, E>) =>
  NodeRuntime.runMain(
    Effect.tapCause(program, (cause) => Cause.hasInterruptsOnly(cause) ? Effect.void : explain(cause)),
    {
      disableErrorReporting: true,
      teardown: (exit, onExit) => {
        const done = Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)
        onExit(done ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause)))
      }
    }
  )
