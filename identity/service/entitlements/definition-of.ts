/** SQL for the definition that an override's row `o` holds now: null after its end, and where it gives the plan's back. */
export const HOLDS = `case when o.expires_at is null or o.expires_at > stack_now() then o.definition end`;

/** SQL for what `feature` is for the tenant `t` now: its newest override where that holds, else what its plan says. */
export const definitionOf = (feature: string): string => `
  coalesce(
    (select ${HOLDS} from feature_overrides o where o.tenant_id = t.id and o.feature = ${feature}
     order by o.version desc limit 1),
    (select f.definition from plan_features f where f.plan = t.plan and f.feature = ${feature}))`;
