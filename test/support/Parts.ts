import { type Context, Effect, Layer } from "effect"

/** A part of the server of which something is different; the rest is the real one's. */
export const altered = <Id, Service extends object, E, R>(
  tag: Context.Key<Id, Service>,
  part: Layer.Layer<Id, E, R>,
  change: (real: Service) => Partial<Service>
): Layer.Layer<Id, E, R> =>
  Layer.effect(tag, Effect.map(tag, (real): Service => ({ ...real, ...change(real) }))).pipe(Layer.provide(part))
