import { Effect, Option, Schema } from "effect"
import { hasQuestions, newestRun } from "../../app/usecases/AnswerQuestions.ts"
import { lastSeq, latestEvents, latestRun } from "../../app/usecases/FollowThread.ts"
import { findThread, threadState } from "../../app/usecases/ManageThreads.ts"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { seqOf } from "../../domain/ProtocolEvents.ts"
import { protocolTree } from "../../domain/ProtocolTree.ts"
import { isActive, type RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { type LatestRun, ThreadRuns } from "../../ports/ThreadRuns.ts"
import { currentPrincipal } from "./Authorization.ts"
import { accept, onThread } from "./NewRuns.ts"
import { answersIn, besidesAnswer, type Command, runAsked } from "./ProtocolRequests.ts"
import { ThreadRun } from "./RunRequests.ts"

/** What the command is answered with: how far the thread's events go that it has seen. */
const meta = (thread: ThreadId, seq: number) => ({ meta: { thread_id: thread, applied_through_seq: seq } })

const success = ({ id }: Command, result: JsonObject, about: JsonObject) => ({ type: "success", id, result, ...about })

const refused = ({ id }: Command, error: string, message: string, about: JsonObject = {}) => ({
  type: "error",
  id,
  error,
  message,
  ...about
})

/** The first event of a new run: whatever was asked before has a smaller number, whatever it asks itself a larger one. */
const beginningOf = Effect.fnUntraced(function*(threadId: ThreadId, runId: RunId) {
  const latest = Option.getOrUndefined(yield* (yield* ThreadRuns).latest(threadId, yield* currentPrincipal))
  if (latest === undefined) return seqOf(1, 1)
  // Behind one that runs it is not clear yet which one it will be.
  return latest.run_id === runId || latest.active ? seqOf(latest.nth, 1) : seqOf(latest.nth + 1, 1)
})

const decodeRun = Schema.decodeUnknownEffect(ThreadRun)

const begin = Effect.fnUntraced(function*(threadId: ThreadId, command: Command, asked: JsonObject, result: boolean) {
  const decoded = yield* Effect.result(decodeRun(asked))
  if (decoded._tag === "Failure") return refused(command, "invalid_argument", decoded.failure.message)
  const run = onThread(threadId, decoded.success)
  const { run_id } = yield* accept({ ...run, request: { ...run.request, protocol: true } })
  return success(command, result ? { run_id } : {}, meta(threadId, yield* beginningOf(threadId, run_id)))
})

/** Input for the graph, or the answer if it is an answer that the graph waits for. */
const startRun = Effect.fnUntraced(function*(threadId: ThreadId, command: Command) {
  const params = command.params ?? {}
  const { assistant_id, input = null } = params
  if (typeof assistant_id !== "string" || assistant_id === "") {
    return refused(command, "invalid_argument", "run.start requires an assistant_id.")
  }
  const answers = input !== null && (yield* hasQuestions(threadId, yield* currentPrincipal))
  const asked = runAsked(assistant_id, params, answers ? { command: { resume: input } } : { input })
  return yield* begin(threadId, command, asked, true)
})

const respond = Effect.fnUntraced(function*(threadId: ThreadId, command: Command) {
  const params = command.params ?? {}
  const answers = answersIn(params)
  if (typeof answers === "string") return refused(command, "invalid_argument", answers)
  yield* findThread(threadId, yield* currentPrincipal)
  const newest = yield* newestRun(threadId, yield* currentPrincipal)
  if (Option.isNone(newest)) {
    return refused(command, "no_such_run", "Thread has no active assistant; call run.start first.")
  }
  if (!(yield* hasQuestions(threadId, yield* currentPrincipal))) {
    return refused(command, "invalid_argument", "input.respond can only be used while the run is interrupted.")
  }
  const task = { command: { resume: answers, ...besidesAnswer(params) } }
  return yield* begin(threadId, command, runAsked(newest.value.assistant_id, params, task), false)
})

const only = (values: Json, keys: Json | undefined): Json =>
  isJsonObject(values) && Array.isArray(keys) && keys.every((key) => typeof key === "string")
    ? Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)))
    : values

const state = Effect.fnUntraced(function*(threadId: ThreadId, command: Command) {
  const { checkpoint, values } = yield* threadState(threadId, null, { subgraphs: true }, yield* currentPrincipal)
  const seq = (yield* current(threadId))?.seq ?? 0
  const { checkpoint_id, checkpoint_ns } = checkpoint ?? {}
  const place = typeof checkpoint_id === "string" ? { checkpoint: { id: checkpoint_id, ns: checkpoint_ns ?? "" } } : {}
  return success(command, { values: only(values, command.params?.["keys"]), ...place }, meta(threadId, seq))
})

/** The run that the thread has come to, as far as it has got: one that is yet to be taken up has just begun. */
const current = Effect.fnUntraced(function*(threadId: ThreadId) {
  const latest = yield* latestRun(threadId, yield* currentPrincipal)
  if (latest?.active) return yield* sofar(latest)
  const newest = Option.getOrUndefined(yield* newestRun(threadId, yield* currentPrincipal))
  if (newest !== undefined && isActive(newest.status)) {
    return { graph: newest.graph_id, events: [], seq: seqOf((latest?.nth ?? 0) + 1, 1) }
  }
  return latest === null ? null : yield* sofar(latest)
})

const sofar = Effect.fnUntraced(function*(run: LatestRun) {
  const events = yield* latestEvents(run)
  return { graph: run.graph_id, events, seq: lastSeq(run, events) }
})

/** What is asked of a run. */
const ofRun = Effect.fnUntraced(function*(threadId: ThreadId, command: Command) {
  const run = yield* current(threadId)
  if (run === null) return refused(command, "no_such_run", "No active run is bound to this thread.")
  const about = meta(threadId, run.seq)
  if (command.method === "agent.getTree") {
    return success(command, { tree: protocolTree(run.graph, run.events) }, about)
  }
  return command.method.startsWith("subscription.")
    ? refused(command, "not_supported", "Subscribe with POST /threads/{thread_id}/stream/events.", about)
    : refused(command, "unknown_command", `Unknown protocol command: ${command.method}`, about)
})

/** Carries out a command of the streaming protocol. What it refuses it says in its answer, and not by a status. */
export const carryOut = (threadId: ThreadId, command: Command) => {
  switch (command.method) {
    case "run.start":
      return startRun(threadId, command)
    case "input.respond":
      return respond(threadId, command)
    case "state.get":
      return state(threadId, command)
    default:
      return ofRun(threadId, command)
  }
}
