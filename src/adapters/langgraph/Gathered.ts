import { Cause, Effect, Stream } from "effect"
import { setImmediate as turn } from "node:timers/promises"

/** How much waits for whoever is slow to take it. */
const room = 1024

/**
 * What an iterable yields, in as few pieces as come together: a model's tokens arrive by the dozen in one read, and each
 * on its own would be told, written and sent on its own. The first waits for no more than one turn of the event loop.
 */
export const gathered = <A, E>(source: AsyncIterable<A>, failed: (error: unknown) => E): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    const waiting: Array<A> = []
    const end: { over: boolean; error?: { readonly is: unknown } } = { over: false }
    let news = Promise.withResolvers<void>()
    let taken = Promise.withResolvers<void>()

    const gather = async () => {
      try {
        for await (const value of source) {
          waiting.push(value)
          news.resolve()
          if (waiting.length >= room) await taken.promise
        }
      } catch (error) {
        end.error = { is: error }
      }
      end.over = true
      news.resolve()
    }

    const next = async () => {
      await news.promise
      if (!end.over) await turn()
      news = Promise.withResolvers()
      const values = waiting.splice(0)
      taken.resolve()
      taken = Promise.withResolvers()
      if (end.over) news.resolve()
      return values
    }

    const pull: Effect.Effect<ReadonlyArray<A>, E | Cause.Done> = Effect.flatMap(Effect.promise(next), (values) => {
      if (values.length > 0) return Effect.succeed(values)
      if (end.error !== undefined) return Effect.fail(failed(end.error.is))
      return end.over ? Cause.done() : pull
    })
    void gather()
    return Stream.fromIterableEffectRepeat(pull)
  })
