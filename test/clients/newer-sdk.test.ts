import { playOnPages } from "./Playing.ts"
import { sdkConversations } from "./SdkConversations.ts"
import { useNewerSdk } from "./SdkHooks.ts"

playOnPages("a page on useStream of the SDK 1.15.0", useNewerSdk, sdkConversations)
