import { Effect, Schema } from "effect"

const Answer = Schema.fromJsonString(
  Schema.Struct({ id: Schema.optionalKey(Schema.Int), result: Schema.optionalKey(Schema.Json) })
)
const decodeAnswer = Schema.decodeUnknownSync(Answer)
const Spaces = Schema.Array(Schema.Struct({ space_name: Schema.String, space_used_size: Schema.Finite }))
const decodeSpaces = Schema.decodeUnknownSync(Schema.Struct({ result: Schema.Struct({ value: Spaces }) }))
const decodeProfile = Schema.decodeUnknownSync(Schema.Struct({ profile: Schema.JsonObject }))

/** To be given to node: it listens on a free port and says where. */
export const inspectable = ["--inspect=127.0.0.1:0"]
export const inspectorUrl = /ws:\/\/[^\s"]+/

/** What only a debugger can ask a process: to collect its garbage, how much is left, and where its time goes. */
export const inspector = Effect.fnUntraced(function*(url: string) {
  const pending = new Map<number, (result: unknown) => void>()
  const socket = yield* Effect.acquireRelease(
    Effect.callback<WebSocket>((resume) => {
      const socket = new WebSocket(url)
      socket.addEventListener("open", () => resume(Effect.succeed(socket)))
      socket.addEventListener("error", () => resume(Effect.die(new Error(`${url} does not answer`))))
    }),
    (socket) => Effect.sync(() => socket.close())
  )
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = decodeAnswer(data)
    if (id !== undefined) pending.get(id)?.(result)
  })
  let last = 0
  const ask = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      const id = ++last
      pending.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
  return {
    /** The objects alive on the heap, in MB; without machine code, of which V8 makes more for thousands of runs. */
    liveMb: async () => {
      await ask("HeapProfiler.enable")
      // Twice: finalizers run after the first, and let go of more.
      await ask("HeapProfiler.collectGarbage")
      await ask("HeapProfiler.collectGarbage")
      const expression = "process.getBuiltinModule('node:v8').getHeapSpaceStatistics()"
      const { result } = decodeSpaces(await ask("Runtime.evaluate", { expression, returnByValue: true }))
      const objects = result.value.filter(({ space_name }) => !/^(code|trusted)_/.test(space_name))
      return objects.reduce((sum, { space_used_size }) => sum + space_used_size, 0) / 1e6
    },
    startProfile: async () => {
      await ask("Profiler.enable")
      await ask("Profiler.setSamplingInterval", { interval: 200 })
      await ask("Profiler.start")
    },
    /** In the format of .cpuprofile files. */
    stopProfile: async () => decodeProfile(await ask("Profiler.stop")).profile
  }
})
