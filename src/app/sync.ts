import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { processEnvironment } from "./ProcessEnvironment.ts"
import { runProgram } from "./Program.ts"
import { syncCommand } from "./SyncCommand.ts"

runProgram(
  Command.run(syncCommand, { version: "0.1.0" }).pipe(
    Effect.provide([NodeServices.layer, processEnvironment])
  )
)
