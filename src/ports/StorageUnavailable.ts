import { Schema } from "effect"

/** The database can't be reached just now. Nothing was changed; the same request may be sent again. */
export class StorageUnavailable extends Schema.TaggedError<StorageUnavailable>()("StorageUnavailable", {}) {
  override get message() {
    return "The database can't be reached. Nothing was changed; try again shortly."
  }
}
