import { Data } from "effect"

/** A setting that can't be used. One line: which, and what it must look like; never its value, which may be a secret. */
export class InvalidSetting extends Data.TaggedError("InvalidSetting")<{
  readonly variable: string
  readonly expected: string
}> {
  override get message() {
    return `${this.variable} must be ${this.expected}`
  }
}
