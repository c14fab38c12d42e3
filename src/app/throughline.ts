import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { throughline } from "./cli/CommandLine.ts"
import { runProgram } from "./Program.ts"

runProgram(throughline(process.argv.slice(2)).pipe(Effect.provide(NodeServices.layer)))
