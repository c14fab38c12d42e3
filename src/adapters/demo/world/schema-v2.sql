-- Turns schema-v1 into its successor: sampling settings in one JSON column, agents of one person, templates.
alter table public.agents
  add column sampling_params jsonb not null default '{}',
  add column assistant_tool_ids uuid[] not null default '{}',
  add column is_global boolean not null default false,
  add column icon text not null default 'x',
  add column avatar_url text,
  add column engine_type text not null default 'global',
  add column system_prompt_config jsonb,
  add column created_by_user_id uuid;

-- What an agent had, it keeps: its settings, and that the whole organisation may use it.
update public.agents set
  is_global = true,
  sampling_params = jsonb_strip_nulls(jsonb_build_object('temperature', temperature, 'max_tokens', max_tokens));

alter table public.agents
  drop column temperature,
  drop column max_tokens;
