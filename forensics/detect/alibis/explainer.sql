/*
title = "an explainer's masks"
reason = "The row is put together from the exact values of two earlier ones, as SHAP does to explain one answer."
version = 1
excuses = ["climbs", "flips", "low_margins", "outside", "pairs", "regular_splices", "stars"]
*/
select event_id, idx from steps where twin_covered >= 0.95 and kept >= 0.25 and changed >= 2
