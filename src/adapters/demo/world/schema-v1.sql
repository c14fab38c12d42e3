-- The consumer's agent tables as of February 2026: what the runtime reads of them. Real installations have more columns.
create schema if not exists auth;

create table if not exists auth.users (
  id uuid primary key,
  email text
);

create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text unique
);

create table public.organization_members (
  organization_id uuid not null references public.organizations (id),
  user_id uuid not null,
  role text not null default 'member' check (role in ('owner', 'admin', 'member')),
  primary key (organization_id, user_id)
);

create table public.ai_models (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  runtime_model_name text
);

create table public.global_ai_engines (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  language_model_id uuid references public.ai_models (id)
);

-- tool_name names a server, not a tool.
create table public.mcp_tools (
  id uuid primary key default gen_random_uuid(),
  tool_name text not null,
  endpoint_url text,
  is_builtin boolean not null default false,
  auth_required boolean not null default false
);

create table public.agents (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id),
  name text not null,
  description text,
  status text not null default 'active' check (status in ('active', 'draft', 'disabled')),
  langgraph_assistant_id text,
  graph_id text not null default 'agent',
  engine_id uuid references public.global_ai_engines (id),
  system_prompt text,
  temperature double precision,
  max_tokens integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table public.agent_mcp_tools (
  agent_id uuid not null references public.agents (id) on delete cascade,
  mcp_tool_id uuid not null references public.mcp_tools (id) on delete cascade,
  primary key (agent_id, mcp_tool_id)
);
