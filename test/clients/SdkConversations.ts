import { agentChatUi } from "./AgentChatUi.ts"
import { branches } from "./Branches.ts"
import { conversations } from "./Conversations.ts"
import { histories } from "./Histories.ts"

/** Everything that people do on pages which stand on an SDK's hook. */
export const sdkConversations = { ...conversations, ...branches, ...histories, ...agentChatUi }
