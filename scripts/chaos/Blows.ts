import { setTimeout as sleep } from "node:timers/promises"
import { cutConnections, type Observer } from "./Database.ts"
import type { Executing } from "./Executing.ts"
import { type ChaosOptions, heartbeatSeconds, type Kind, kinds } from "./Options.ts"
import { type Random, randomOf } from "./Random.ts"
import type { RestartablePostgres } from "./RestartablePostgres.ts"
import type { Server } from "./Servers.ts"
import type { Blow, Timeline } from "./Timeline.ts"

export interface Target {
  readonly options: ChaosOptions
  readonly servers: ReadonlyArray<Server>
  readonly postgres: RestartablePostgres | undefined
  readonly observer: Observer
  readonly executing: Executing
  readonly timeline: Timeline
  /** Aborted when there has been enough chaos. */
  readonly enough: AbortSignal
}

/** Answers whether it was slept through. */
const pause = (seconds: number, signal: AbortSignal): Promise<boolean> =>
  sleep(seconds * 1000, true, { signal }).catch(() => false)

const strikes = ({ enough, executing, observer, postgres, servers, timeline }: Target) => {
  /** One that is up; waits until there is one, and as many as are to be left. */
  const victim = async (random: Random, left: number): Promise<Server | undefined> => {
    for (;;) {
      const [first, ...others] = servers.filter((server) => server.state() === "up")
      if (first !== undefined && others.length >= left) return random.pick([first, ...others])
      if (!(await pause(0.05, enough))) return undefined
    }
  }

  const struck = (kind: Kind, server?: Server): Blow => {
    const blow: Blow = { kind, at: Date.now(), server: server?.name, until: undefined }
    timeline.blows.push(blow)
    if (server !== undefined) executing.struck(kind, server.name)
    return blow
  }

  const onServer =
    (kind: Kind, left: number, strike: (server: Server, random: Random) => Promise<unknown>) =>
    async (random: Random) => {
      const server = await victim(random, left)
      if (server === undefined) return
      const blow = struck(kind, server)
      await strike(server, random)
      blow.until = Date.now()
    }

  const onDatabase = (kind: Kind, strike: () => Promise<unknown>) => async () => {
    const blow = struck(kind)
    await strike()
    blow.until = Date.now()
  }

  return {
    kill: onServer("kill", 0, async (server) => {
      await server.kill()
      await server.start()
    }),
    stop: onServer("stop", 0, async (server) => {
      await server.stop()
      await server.start()
    }),
    // Who is frozen is taken over by somebody who is not.
    freeze: onServer("freeze", Math.min(1, servers.length - 1), async (server, random) => {
      server.freeze()
      await sleep((heartbeatSeconds + random.whole(4, 9)) * 1000)
      server.thaw()
    }),
    restart: onDatabase("restart", async () => postgres?.restart("fast")),
    crash: onDatabase("crash", async () => postgres?.restart("immediate")),
    deafen: onDatabase(
      "deafen",
      async () => timeline.count("connections cut", await cutConnections(observer, "listening"))
    ),
    cut: onDatabase("cut", async () => timeline.count("connections cut", await cutConnections(observer, "all")))
  } satisfies Record<Kind, (random: Random) => Promise<void>>
}

/** Strikes until it is enough; returns when what was struck stands again. */
export const chaos = async (target: Target): Promise<void> => {
  const { enough, options, postgres } = target
  const strike = strikes(target)
  const possible = kinds.filter((kind) => postgres !== undefined || (kind !== "restart" && kind !== "crash"))
  const timeIsUp = pause(options.seconds, enough)
  const byChance = async (kind: Kind, mean: number) => {
    const random = randomOf(options.seed, kind)
    const underWay: Array<Promise<void>> = []
    while (await pause(random.waiting(mean), enough)) underWay.push(strike[kind](random))
    await Promise.all(underWay)
  }
  const asPlanned = async (kind: Kind, seconds: number) => {
    if (await pause(seconds, enough)) await strike[kind](randomOf(options.seed, `${kind} at ${seconds}`))
  }
  await Promise.all(possible.flatMap((kind) => {
    const mean = options.every[kind]
    const planned = (options.at[kind] ?? []).map((seconds) => asPlanned(kind, seconds))
    return mean === undefined ? planned : [byChance(kind, mean), ...planned]
  }))
  await timeIsUp
}
